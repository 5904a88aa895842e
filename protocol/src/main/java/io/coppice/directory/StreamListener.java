package io.coppice.directory;

/// What a [LeaderSession] tells its owner. Calls are made one at a time, from a thread of the
/// stream's.
///
/// @param <Q> messages to the leader
/// @param <R> messages from the leader
public interface StreamListener<Q, R> {
    /// A stream to `endpoint` stands: send the first message. Nothing of an earlier stream arrives
    /// any more.
    void opened(StreamSender<Q> sender, String endpoint);

    void received(R message);

    /// The stream is gone; another one is being opened unless the [LeaderSession] was closed.
    void closed(String why);
}
