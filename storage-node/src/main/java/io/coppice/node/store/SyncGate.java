package io.coppice.node.store;

import io.coppice.port.Disk;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All syncs of a store's log pass here, one at a time, and none after one that failed (R11).
///
/// An operating system tells an error of writing back to one caller of fsync and forgets it: the
/// next fsync of the same file succeeds, although what it stands for is lost. With one sync beside
/// the other (the group commit's and a checkpoint's) the wrong one could be told.
final class SyncGate {
    private @Nullable String failure;

    /// Blocks until the device has the files and, unless null, the names in the directory.
    synchronized void sync(List<SyncTicket.Part> parts, @Nullable Disk directory)
            throws IOException {
        if (failure != null) {
            throw new IOException("an earlier sync failed: " + failure);
        }
        try {
            for (SyncTicket.Part part : parts) {
                part.file().sync();
            }
            if (directory != null) {
                directory.syncDirectory();
            }
        } catch (IOException e) {
            failure = String.valueOf(e.getMessage());
            throw new IOException("sync failed: " + failure);
        }
    }
}
