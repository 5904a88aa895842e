package io.coppice.node.store;

import io.coppice.node.store.Checkpoint.GroupImage;
import io.coppice.node.store.Checkpoint.SegmentImage;
import java.util.ArrayList;
import java.util.UUID;

/// Captures the index for a checkpoint: copies of the maps' arrays, no entry is touched.
final class Captures {
    private Captures() {}

    static Checkpoint.Image capture(
            UUID store, long number, SegmentLog log, Segments segments, Index index) {
        long start = log.lastNumber();
        Segment last = segments.find(start);
        var used = new ArrayList<SegmentImage>(segments.count());
        var empty = new ArrayList<SegmentImage>();
        segments.forEach(segment -> {
            var image = new SegmentImage(segment.number, segment.end, segment.dataBlocks);
            if (segment.entries == 0 && segment.sealed) {
                empty.add(image);
            } else {
                used.add(image);
            }
        });
        var groups = new ArrayList<GroupImage>();
        index.forEachGroup(group ->
                groups.add(
                        new GroupImage(
                                group.id,
                                group.epoch,
                                group.sequence,
                                group.state,
                                group.outcomes.toArray(),
                                group.chunks.size(),
                                group.chunks.capture())));
        return new Checkpoint.Image(
                store, number, start, last == null ? 0 : last.end, used, empty, groups);
    }
}
