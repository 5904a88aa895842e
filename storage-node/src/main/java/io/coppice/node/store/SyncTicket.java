package io.coppice.node.store;

import io.coppice.port.Disk;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One fdatasync of everything that was committed before [ChunkStore#beginSync]. Made on the lane,
/// [#run] on the sync thread, then handed to [ChunkStore#completeSync] on the lane.
public final class SyncTicket {
    private final @Nullable Disk directory;
    private final List<Segment> segments;
    final long bytes;
    private boolean done;

    SyncTicket(@Nullable Disk directory, List<Segment> segments, long bytes) {
        this.directory = directory;
        this.segments = segments;
        this.bytes = bytes;
    }

    /// Blocks until the device has it. A failure is fatal to the store (R11): hand it to
    /// [ChunkStore#fail], never try again.
    public void run() throws IOException {
        for (Segment segment : segments) {
            segment.file().sync();
        }
        if (directory != null) {
            directory.syncDirectory();
        }
        done = true;
    }

    boolean done() {
        return done;
    }

    List<Segment> segments() {
        return segments;
    }

    boolean directorySynced() {
        return directory != null;
    }
}
