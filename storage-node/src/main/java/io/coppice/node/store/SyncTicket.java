package io.coppice.node.store;

import io.coppice.port.Disk;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One fdatasync of everything that was committed before [ChunkStore#beginSync]. Made on the lane,
/// [#run] on the sync thread, then handed to [ChunkStore#completeSync] on the lane.
public final class SyncTicket {
    /// A segment and how much of it this ticket makes durable.
    record Part(Segment segment, Disk.DiskFile file, int committed) {}

    private final SyncGate gate;
    private final @Nullable Disk directory;
    private final List<Part> parts;
    private volatile boolean done;

    SyncTicket(SyncGate gate, @Nullable Disk directory, List<Part> parts) {
        this.gate = gate;
        this.directory = directory;
        this.parts = parts;
    }

    /// Blocks until the device has it. A failure is fatal to the store (R11): hand it to
    /// [ChunkStore#fail], never try again.
    public void run() throws IOException {
        gate.sync(parts, directory);
        done = true;
    }

    boolean directory() {
        return directory != null;
    }

    boolean done() {
        return done;
    }

    List<Part> parts() {
        return parts;
    }
}
