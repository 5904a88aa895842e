package io.coppice.node.store;

import java.io.IOException;

/// A captured index on its way to disk. Made on the lane, [#write] on any one other thread while the
/// lane goes on, then handed to [ChunkStore#completeCheckpoint] on the lane.
public final class Checkpoint {
    /// Syncs the log before it, writes the file, makes it durable under its final name. A failure is
    /// fatal to the store: hand it to [ChunkStore#fail].
    public void write() throws IOException {
        throw new IOException("not yet");
    }
}
