package io.coppice.node.store;

import java.io.IOException;

/// Gives space back in time: says when the cleaner moves, how much, when a checkpoint is due for
/// what the cleaner has emptied, and what clients may write meanwhile.
final class Reclaimer {
    private final Segments segments;
    private final SegmentLog log;
    private final SpaceGauge space;
    private final Cleaner cleaner;
    private final StoreConfig config;
    private final CleanerPace pace = new CleanerPace();
    private boolean mayMove = true;

    Reclaimer(
            Segments segments,
            SegmentLog log,
            SpaceGauge space,
            Cleaner cleaner,
            StoreConfig config) {
        this.segments = segments;
        this.log = log;
        this.space = space;
        this.cleaner = cleaner;
        this.config = config;
    }

    Admission admission() {
        return space.admission(checkpointDue() || (mayMove && cleaner.gains()));
    }

    /// See [ChunkStore#cleanStep].
    boolean step(int budgetBytes, boolean idle) throws IOException {
        log.commit();
        mayMove = space.mayMove(budgetBytes);
        if (!mayMove) {
            return false;
        }
        pace.clientsAppended(log.appended());
        boolean more = cleaner.step(budgetBytes, space.isTight(), idle);
        pace.cleanerAppended(log.appended());
        if (!cleaner.gains()) {
            pace.forgive(); // it cannot be paid; do not look for victims after each batch
        }
        return more;
    }

    /// See [ChunkStore#cleaningDue].
    int due() {
        pace.clientsAppended(log.appended());
        if (!space.isTight()) {
            pace.forgive();
            return 0;
        }
        return pace.due(cleaner.victimsLive(), space.pressure());
    }

    /// Much space waits for a checkpoint.
    boolean checkpointDue() {
        long waiting =
                space.isShort()
                        ? space.emptyBytesMax()
                        : Math.max(4L * config.segmentBytes(), segments.bytes() / 8);
        return segments.emptyBytes() >= waiting;
    }

    long movedBlocks() {
        return cleaner.movedBlocks();
    }
}
