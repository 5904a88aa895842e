package io.coppice.sim;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// What is wrong with one disk: it is told beforehand, and says so when the disk is used.
final class DiskFaults {
    /// How a disk may fail.
    enum Kind {
        WRITE,
        SYNC
    }

    private record Hole(Object file, long from, long to) {}

    private final List<Hole> holes = new ArrayList<>();
    private @Nullable Kind kind;
    private BooleanSupplier bearable = () -> false;
    private boolean hasErred;
    private long room = Long.MAX_VALUE;

    /// The next use of this kind fails, if that can be borne by then.
    void arm(Kind failing, BooleanSupplier isBearable) {
        kind = failing;
        bearable = isBearable;
    }

    void disarm() {
        kind = null;
    }

    /// What lies there cannot be read any more.
    void punch(Object file, long from, long to) {
        holes.add(new Hole(file, from, to));
    }

    /// No more than this fits on the disk.
    void squeeze(long bytes) {
        room = bytes;
    }

    /// Whether it ever told its user of an error.
    boolean hasErred() {
        return hasErred;
    }

    // ------------------------------------------------------------ the disk asks

    long room() {
        return room;
    }

    /// @throws IOException it fails now
    void uses(Kind use) throws IOException {
        if (kind == use && bearable.getAsBoolean()) {
            kind = null;
            throw error();
        }
    }

    void reads(Object file, long from, long to) throws IOException {
        for (Hole hole : holes) {
            if (hole.file == file && hole.from < to && from < hole.to) {
                throw error();
            }
        }
    }

    private IOException error() {
        hasErred = true;
        return new IOException("Input/output error");
    }
}
