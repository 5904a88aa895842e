package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.port.Disk;
import java.io.IOException;

/// How full the store is.
final class SpaceGauge {
    /// 1.5 %: at 80 % full this is about where checkpoints and missing room cost least together.
    private static final int EMPTY_PER_1024 = 15;

    private final Disk disk;
    private final StoreConfig config;
    private final Segments segments;
    private final long deviceBytes;
    private long usableBytes;
    private long usedAtRefresh;
    private long checkpointBytes;

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

    void checkpointed(long bytes) {
        checkpointBytes = bytes;
    }

    long capacityBytes() {
        return config.capacityBytes() == 0
                ? deviceBytes
                : Math.min(config.capacityBytes(), deviceBytes);
    }

    /// What may still be written.
    private long freeBytes() {
        long device = usableBytes - (segments.bytes() - usedAtRefresh);
        return Math.min(device, capacityBytes() - segments.bytes() - checkpointBytes);
    }

    /// @param gains whether the cleaner, or the next checkpoint, can make room
    Admission admission(boolean gains) {
        long free = freeBytes();
        if (free < reserve()) {
            return gains ? Admission.CLEANING : Admission.FULL;
        }
        boolean near =
                (free < 2 * reserve() && !gains)
                        || liveBytes() > capacityBytes() / 100 * config.nearFullPercent();
        return near ? Admission.NEAR_FULL : Admission.OPEN;
    }

    /// Without what waits for a checkpoint there is too little room, or the store is near full.
    boolean isShort() {
        return freeBytes() < Math.max(roomMin(), 2 * reserve());
    }

    /// Whether the cleaner must keep pace with the clients. As late as possible: the longer
    /// segments are left alone, the less is alive in the emptiest.
    boolean isTight() {
        return room() < roomMin();
    }

    /// From 0, when space is merely tight, to 1, when clients would have to wait.
    double pressure() {
        double above = room() - reserve();
        return 1 - Math.clamp(above / (roomMin() - reserve()), 0.0, 1.0);
    }

    /// What is empty counts: the next checkpoint gives it back.
    private long room() {
        return freeBytes() + segments.emptyBytes();
    }

    /// The reserve, what waits for a checkpoint, and what a pass of the cleaner takes before it
    /// gives back, or clients while a checkpoint is written.
    private long roomMin() {
        return reserve() + patience() + 2L * config.segmentBytes();
    }

    /// So much may wait for a checkpoint while space is short. A checkpoint writes the whole index:
    /// too often it costs more than the cleaner; what waits is missing as room.
    long emptyBytesMax() {
        boolean hurry = freeBytes() < reserve() + config.segmentBytes();
        return hurry ? config.segmentBytes() : patience();
    }

    private long patience() {
        long share = capacityBytes() / 1024 * EMPTY_PER_1024;
        return Math.max(config.segmentBytes(), Math.max(share, checkpointBytes));
    }

    /// Whether the cleaner may take so much of the reserve. Others may have filled the device
    /// beyond it: then the checkpoint that gives back what is emptied must still fit, and the
    /// records of trims and purges.
    boolean mayMove(long bytes) {
        long kept = config.segmentBytes() / 2 + checkpointBytes;
        return freeBytes() - Math.min(bytes, config.segmentBytes()) >= kept;
    }

    /// The next checkpoint is written beside this one.
    private long reserve() {
        return (long) config.reserveSegments() * config.segmentBytes() + checkpointBytes;
    }

    long liveBytes() {
        return segments.liveBlocks() << Blocks.BLOCK_SHIFT;
    }
}
