package io.coppice.metadata.server;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.locks.ReentrantLock;

/// The sending side of a stream that many threads push to. What is sent after the end is dropped.
final class Outbox<T> {
    private final StreamObserver<T> observer;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean ended;

    Outbox(StreamObserver<T> observer) {
        this.observer = observer;
    }

    void send(T message) {
        lock.lock();
        try {
            if (!ended) {
                observer.onNext(message);
            }
        } catch (IllegalStateException | StatusRuntimeException peerIsGone) {
            // The call was cancelled; its listener hears of it and does what is to be done.
            ended = true;
        } finally {
            lock.unlock();
        }
    }

    /// Ends the stream from this side.
    void end() {
        lock.lock();
        try {
            if (!ended) {
                ended = true;
                observer.onCompleted();
            }
        } catch (IllegalStateException | StatusRuntimeException peerIsGone) {
            // Ended already.
        } finally {
            lock.unlock();
        }
    }
}
