package io.coppice.metadata.server;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A call as gRPC gives it to the server: its client takes what is sent while `isTaking`.
final class FakeCall<T> extends ServerCallStreamObserver<T> {
    final List<T> sent = new ArrayList<>();
    boolean isTaking = true;

    /// Messages that the server has called for in all.
    int requested;

    boolean isEnded;
    private @Nullable Runnable onReady;
    private @Nullable Runnable onClose;

    /// The client has taken everything.
    void take() {
        isTaking = true;
        run(onReady);
    }

    /// Everything has left, and the end with it.
    void close() {
        run(onClose);
    }

    private static void run(@Nullable Runnable handler) {
        if (handler != null) {
            handler.run();
        }
    }

    T last() {
        return sent.getLast();
    }

    @Override
    public void onNext(T message) {
        sent.add(message);
    }

    @Override
    public void onCompleted() {
        isEnded = true;
    }

    @Override
    public void onError(Throwable failed) {
        isEnded = true;
    }

    @Override
    public boolean isReady() {
        return isTaking;
    }

    @Override
    public void request(int count) {
        requested += count;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {
        onReady = handler;
    }

    @Override
    public void setOnCloseHandler(Runnable handler) {
        onClose = handler;
    }

    @Override
    public boolean isCancelled() {
        return false;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {
        // Nobody cancels.
    }

    @Override
    public void setCompression(String compression) {
        // Nothing is compressed.
    }

    @Override
    public void disableAutoInboundFlowControl() {
        // `requested` is all that is called for.
    }

    @Override
    public void setMessageCompression(boolean enable) {
        // Nothing is compressed.
    }
}
