package io.coppice.directory;

import io.coppice.model.Invariant;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Failure;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.net.ConnectException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A bidirectional stream that is always with the leader: opened again, with back-off, after it
/// broke or when an endpoint says that another one leads. Thread-safe.
final class LeaderStream<Q, R> implements LeaderSession {
    private static final long BACKOFF_MILLIS_MIN = 20;
    private static final long BACKOFF_MILLIS_MAX = 500;

    private final ControlClient control;
    private final BiFunction<ControlClient.Endpoint, StreamObserver<R>, StreamObserver<Q>> opener;
    private final Function<R, @Nullable Failure> refusal;
    private final StreamListener<Q, R> listener;
    private final Object lock = new Object();
    private long backoffMillis = BACKOFF_MILLIS_MIN;
    private @Nullable Attempt current;
    private boolean closed;

    LeaderStream(
            ControlClient control,
            BiFunction<ControlClient.Endpoint, StreamObserver<R>, StreamObserver<Q>> opener,
            Function<R, @Nullable Failure> refusal,
            StreamListener<Q, R> listener) {
        this.control = control;
        this.opener = opener;
        this.refusal = refusal;
        this.listener = listener;
    }

    void open() {
        Attempt attempt;
        synchronized (lock) {
            if (closed) {
                return;
            }
            attempt = new Attempt(control.likelyLeader());
            current = attempt;
        }
        attempt.start();
    }

    @Override
    public void close() {
        Attempt attempt;
        synchronized (lock) {
            closed = true;
            attempt = current;
        }
        if (attempt != null) {
            attempt.abort("closed");
        }
    }

    private void reopenLater(boolean atOnce) {
        long pause;
        synchronized (lock) {
            if (closed) {
                return;
            }
            pause = atOnce ? 1 : backoffMillis;
            backoffMillis = Math.min(backoffMillis * 2, BACKOFF_MILLIS_MAX);
        }
        control.schedule(this::open, pause, TimeUnit.MILLISECONDS);
    }

    private final class Attempt implements ClientResponseObserver<Q, R>, StreamSender<Q> {
        private final ControlClient.Endpoint endpoint;
        private final Object sending = new Object();
        private @Nullable ClientCallStreamObserver<Q> call;
        private boolean ended;

        /// gRPC takes nothing more from then on, though the end is told a little later.
        private boolean aborted;

        Attempt(ControlClient.Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        void start() {
            StreamObserver<Q> opened = opener.apply(endpoint, this);
            Invariant.check(
                    opened == call, "the stream that was opened is the one that was announced");
            listener.opened(this, endpoint.address());
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<Q> stream) {
            call = stream;
        }

        @Override
        public void send(Q message) {
            synchronized (sending) {
                if (!ended && !aborted && call != null) {
                    call.onNext(message);
                }
            }
        }

        @Override
        public void abort(String why) {
            ClientCallStreamObserver<Q> stream = call;
            synchronized (sending) {
                aborted = true;
            }
            if (stream != null) {
                stream.cancel(why, null);
            }
        }

        @Override
        public void hangUp(String why) {
            abort(why);
            endpoint.disconnect();
        }

        @Override
        public void onNext(R message) {
            Failure failure = refusal.apply(message);
            if (failure != null && failure.getCode() == Code.CODE_NOT_LEADER) {
                control.heardOfLeader(failure.getLeader(), endpoint);
                end("not the leader: " + endpoint.address(), !failure.getLeader().isEmpty());
                abort("not the leader");
                return;
            }
            synchronized (lock) {
                backoffMillis = BACKOFF_MILLIS_MIN;
            }
            if (!ended) {
                listener.received(message);
            }
        }

        @Override
        public void onError(Throwable error) {
            control.failedAt(endpoint);
            end(endpoint.address() + ": " + describe(error), false);
        }

        @Override
        public void onCompleted() {
            control.failedAt(endpoint);
            end(endpoint.address() + ": ended the session", false);
        }

        private void end(String why, boolean atOnce) {
            synchronized (sending) {
                if (ended) {
                    return;
                }
                ended = true;
            }
            listener.closed(why);
            reopenLater(atOnce);
        }
    }

    /// For people: without what gRPC and the system's calls say about themselves.
    static String describe(Throwable error) {
        Status status = Status.fromThrowable(error);
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return "no answer";
        }
        String refusal = ControlTls.refusal(error);
        if (refusal != null) {
            return refusal;
        }
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException) {
                return "cannot connect, nothing listens there";
            }
        }
        String text = status.getDescription();
        if (text != null && text.contains("closed for unknown reason")) {
            return "hung up at once: it may want a certificate, see --identity";
        }
        Throwable cause = status.getCause();
        if (cause != null && cause.getMessage() != null) {
            text = cause.getMessage();
        }
        return text == null ? status.getCode().toString() : text.lines().findFirst().orElse("");
    }
}
