package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.port.Disk;
import java.io.IOException;

/// How full the store is.
final class SpaceGauge {
    private static final double TIGHT = 0.85;
    private final Disk disk;
    private final StoreConfig config;
    private final Segments segments;
    private final long deviceBytes;
    private long usableBytes;
    private long usedAtRefresh;

    SpaceGauge(Disk disk, StoreConfig config, Segments segments) throws IOException {
        this.disk = disk;
        this.config = config;
        this.segments = segments;
        this.deviceBytes = disk.totalBytes();
    }

    /// Asks the device again.
    void refresh() throws IOException {
        usableBytes = disk.usableBytes();
        usedAtRefresh = segments.bytes();
    }

    /// After much was written, the device's answer is old.
    boolean refreshDue() {
        return segments.bytes() - usedAtRefresh > config.segmentBytes();
    }

    long capacityBytes() {
        return config.capacityBytes() == 0
                ? deviceBytes
                : Math.min(config.capacityBytes(), deviceBytes);
    }

    /// What may still be written.
    private long freeBytes(long otherBytes) {
        long device = usableBytes - (segments.bytes() - usedAtRefresh);
        return Math.min(device, capacityBytes() - segments.bytes() - otherBytes);
    }

    Admission admission(long checkpointBytes) {
        long free = freeBytes(checkpointBytes);
        long reserve = reserve(checkpointBytes);
        if (free < reserve) {
            return Admission.FULL;
        }
        boolean near =
                free < 2 * reserve
                        || liveBytes() > capacityBytes() / 100 * config.nearFullPercent();
        return near ? Admission.NEAR_FULL : Admission.OPEN;
    }

    /// What is near full is tight as well: a small store would refuse new chunks and leave the
    /// garbage that would make room for them.
    boolean isTight(long checkpointBytes) {
        double room = Math.max((1 - TIGHT) * capacityBytes(), 2.0 * reserve(checkpointBytes));
        return freeBytes(checkpointBytes) < room;
    }

    /// Whether the cleaner may take so much of the reserve. Others may have filled the device
    /// beyond it: then the checkpoint that gives back what is emptied must still fit, and the
    /// records of trims and purges.
    boolean mayMove(long bytes, long checkpointBytes) {
        long kept = config.segmentBytes() / 2 + checkpointBytes;
        return freeBytes(checkpointBytes) - Math.min(bytes, config.segmentBytes()) >= kept;
    }

    /// The next checkpoint is written beside this one.
    private long reserve(long checkpointBytes) {
        return (long) config.reserveSegments() * config.segmentBytes() + checkpointBytes;
    }

    long liveBytes() {
        return segments.liveBlocks() << Blocks.BLOCK_SHIFT;
    }

    long reclaimableBytes() {
        var sum = new long[1];
        segments.forEach(
                segment -> sum[0] += segment.sealed && segment.entries == 0 ? segment.end : 0);
        return sum[0];
    }
}
