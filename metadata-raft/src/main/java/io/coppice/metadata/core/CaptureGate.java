package io.coppice.metadata.core;

import java.util.TreeSet;

/// Tells which pages a capture may still be reading. Every page carries the number of the capture
/// that would be the first to share it; a writer copies a page that an open capture shares.
///
/// Captures are opened by the writing thread and closed by any. A close that is seen late costs a
/// copy, nothing else.
final class CaptureGate {
    private final TreeSet<Long> open = new TreeSet<>();
    private long next = 1;
    private volatile long newestOpen;

    /// The stamp of a page made or copied now. Writing thread only.
    long stamp() {
        return next;
    }

    boolean isShared(long stamp) {
        return stamp <= newestOpen;
    }

    /// Writing thread only.
    long open() {
        synchronized (open) {
            open.add(next);
            newestOpen = next;
            return next++;
        }
    }

    void close(long capture) {
        synchronized (open) {
            open.remove(capture);
            newestOpen = open.isEmpty() ? 0 : open.last();
        }
    }
}
