package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.node.format.RecordHeader;
import io.coppice.node.format.RecordKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Moves live blocks out of the emptiest segments, a bounded step at a time. It walks over the
/// index, copies what it finds in its victims to the end of the log and points the tables there. An
/// emptied segment is deleted by the checkpoint that knows the new places; until then a crash finds
/// the blocks where they were.
///
/// A damaged block is moved as [LostBlock] with the checksum that it should have: so it stays
/// damaged, and a good copy of it can still be told from any other.
final class Cleaner {
    private static final int VICTIMS_MAX = 64;
    private static final int MOVED_BLOCKS_MAX = 256;
    private static final int TABLES_PER_STEP = 4096;
    private static final int SMALL_SEGMENTS_MAX = 64;
    private static final double WORTH_IT = 0.98;

    private final Segments segments;
    private final Index index;
    private final SegmentLog log;
    private final BlockReader reader;
    private final StoreConfig config;
    private final long[] locations;
    private final int batchBlocks;
    private final ByteBuffer data;
    private final List<Segment> victims = new ArrayList<>();

    /// New places of blocks that more than one table may name.
    private final Map<Long, Long> moved = new HashMap<>();

    private int[] groups = {};
    private int group;
    private int slot;
    private long movedBlocks;
    private double victimsLive = 1;
    private boolean gains;

    Cleaner(
            Segments segments,
            Index index,
            SegmentLog log,
            BlockReader reader,
            StoreConfig config) {
        this.segments = segments;
        this.index = index;
        this.log = log;
        this.reader = reader;
        this.config = config;
        this.locations = new long[config.blocksPerChunk()];
        this.batchBlocks = Math.min(MOVED_BLOCKS_MAX, config.blocksPerChunk());
        this.data = ByteBuffer.allocateDirect(batchBlocks * Blocks.BLOCK_BYTES);
    }

    long movedBlocks() {
        return movedBlocks;
    }

    /// Whether there was something worth cleaning when it last looked.
    boolean gains() {
        return gains;
    }

    /// The share of the victims' bytes that was alive when they were chosen.
    double victimsLive() {
        return victimsLive;
    }

    /// @param tight space is short: also segments with little to gain are worth it
    /// @param idle no client is served: little garbage is enough
    /// @return whether there is more to do now
    boolean step(int budgetBytes, boolean tight, boolean idle) throws IOException {
        if (index.tables.capturing()) {
            return false; // tables under a capture must not change in place
        }
        if (victims.isEmpty() && !choose(tight, idle)) {
            return false;
        }
        long budget = Math.max(1, budgetBytes / Blocks.BLOCK_BYTES);
        for (int tables = 0; tables < TABLES_PER_STEP && budget > 0; tables++) {
            ChunkEntry entry = current();
            if (entry == null) {
                return endPass();
            }
            int done = move(entry.table, (int) Math.min(budget, batchBlocks));
            budget -= done;
            if (done == 0) {
                slot++;
            }
        }
        return true;
    }

    /// The entry at the cursor or the next one; null at the end.
    private @Nullable ChunkEntry current() {
        for (; group < groups.length; group++, slot = 0) {
            GroupEntry at = index.findGroup(groups[group]);
            if (at == null) {
                continue;
            }
            for (; slot < at.chunks.slotCount(); slot++) {
                ChunkEntry entry = at.chunks.slot(slot);
                if (entry != null) {
                    return entry;
                }
            }
        }
        return null;
    }

    private boolean endPass() {
        moved.clear();
        victims.removeIf(segment -> {
            boolean empty = segment.entries == 0;
            segment.victim = !empty;
            return empty;
        });
        // what is left was copied into tables behind the cursor meanwhile: another pass finds it
        startPass();
        return true;
    }

    private void startPass() {
        groups = index.groupIds();
        group = 0;
        slot = 0;
    }

    private boolean choose(boolean tight, boolean idle) {
        var candidates = new ArrayList<Segment>();
        long used = 0;
        long dead = 0;
        int small = 0;
        for (Segment segment : segments.all()) {
            if (segment.sealed && !segment.missing && segment.entries > 0) {
                used += segment.end;
                dead += segment.end - liveBytes(segment);
                small += segment.end < config.segmentBytes() / 4 ? 1 : 0;
                candidates.add(segment);
            }
        }
        boolean many = small > SMALL_SEGMENTS_MAX;
        int garbage = idle ? config.garbagePercent() : config.garbageBusyPercent();
        if (!tight && !many && dead * 100 <= used * garbage) {
            gains = dead > config.segmentBytes();
            return false;
        }
        candidates.removeIf(segment ->
                liveBytes(segment) > WORTH_IT * segment.end
                        && !(many && segment.end < config.segmentBytes() / 4));
        candidates.sort(
                Comparator.comparingDouble(segment -> (double) liveBytes(segment) / segment.end));
        gains = !candidates.isEmpty();
        take(candidates);
        startPass();
        return !victims.isEmpty();
    }

    private void take(List<Segment> candidates) {
        long live = 0;
        long all = 0;
        for (Segment segment : candidates) {
            long with = live + liveBytes(segment);
            if (victims.size() == VICTIMS_MAX
                    || !victims.isEmpty() && with > config.segmentBytes()) {
                break;
            }
            segment.victim = true;
            victims.add(segment);
            live = with;
            all += segment.end;
        }
        victimsLive = all == 0 ? 1 : (double) live / all;
    }

    static long liveBytes(Segment segment) {
        return segment.liveBlocks() * (Blocks.BLOCK_BYTES + RecordHeader.SMALL_BYTES / 2);
    }

    /// Moves up to `limit` blocks of one table. Returns how many; 0: it has none in a victim.
    private int move(Table table, int limit) throws IOException {
        int blocks = config.blocksPerChunk();
        table.copyTo(0, blocks, locations);
        var crcs = new int[limit];
        var old = new long[limit];
        var block = new int[limit];
        int known = 0;
        int count = 0;
        data.clear();
        for (int i = 0; i < blocks && count < limit; i++) {
            long location = locations[i];
            if (location == Location.NONE || !segments.at(location).victim) {
                continue;
            }
            Long place = Location.isShared(location) ? moved.get(location) : null;
            if (place != null) {
                locations[i] = place;
                known++;
                continue;
            }
            read(location, crcs, count);
            old[count] = location;
            block[count++] = i;
        }
        if (count > 0) {
            append(old, block, crcs, count);
        }
        if (count + known > 0) {
            index.tables.redirect(table, 0, blocks, locations);
        }
        return count + known;
    }

    private void read(long location, int[] crcs, int at) throws IOException {
        // a damaged block keeps the checksum that it should have, which what comes does not match
        reader.read(location, 1, data, crcs, at, unused -> {});
    }

    private void append(long[] old, int[] block, int[] crcs, int count) throws IOException {
        var header = new RecordHeader(RecordKind.MOVE, 0, 0, 0, 0, 0, 0, 0, 0, 0, count, count, 0);
        long place = log.append(header, crcs, null, data.flip());
        for (int i = 0; i < count; i++) {
            long location = place + i | old[i] & Location.SHARED;
            locations[block[i]] = location;
            if (Location.isShared(old[i])) {
                moved.put(old[i], location);
            }
        }
        movedBlocks += count;
        log.commit();
    }
}
