package io.coppice.directory;

/// A stream that is always with the leader, for as long as it is not closed. Thread-safe.
public interface LeaderSession extends AutoCloseable {
    /// Ends the stream for good; its listener hears `closed` once more if one stood.
    @Override
    void close();
}
