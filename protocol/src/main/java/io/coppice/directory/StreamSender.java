package io.coppice.directory;

/// The sending side of one stream. Thread-safe. What is sent after the stream broke is dropped; the
/// listener hears of that by `closed`.
public interface StreamSender<Q> {
    void send(Q message);

    /// Ends this stream, as if it had broken.
    void abort(String why);

    /// As [#abort], and the next stream does not use the connection that this one has: it may be
    /// one that TCP has not given up yet.
    default void hangUp(String why) {
        abort(why);
    }
}
