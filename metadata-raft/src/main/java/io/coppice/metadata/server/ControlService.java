package io.coppice.metadata.server;

import io.coppice.tls.Identity;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.Introduction;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The gRPC service: hands calls to the present leader, or names it. Queries have a virtual thread
/// while they run; commands and sessions hold none.
final class ControlService extends ControlGrpc.ControlImplBase {
    private static final long WRITABLE_POLL_NANOS = 1_000_000;
    private static final long WRITABLE_WAIT_NANOS = 60_000_000_000L;

    private final Supplier<Optional<Serving>> serving;
    private final Supplier<String> leaderAddress;
    private final Supplier<Introduction> introduction;
    private final Supplier<List<AccessRefused>> refused;

    /// What one leader offers.
    record Serving(Leader leader, Queries queries) {}

    /// @param refused whom this server turned away since it was last asked
    ControlService(
            Supplier<Optional<Serving>> serving,
            Supplier<String> leaderAddress,
            Supplier<Introduction> introduction,
            Supplier<List<AccessRefused>> refused) {
        this.serving = serving;
        this.leaderAddress = leaderAddress;
        this.introduction = introduction;
        this.refused = refused;
    }

    // ------------------------------------------------------------ single calls

    @Override
    public void execute(ExecuteRequest request, StreamObserver<ExecuteResponse> out) {
        var present = serving.get();
        if (present.isEmpty()) {
            finish(
                    out,
                    ExecuteResponse.newBuilder()
                            .setFailure(failure(ControlFailure.notLeader()))
                            .build());
            return;
        }
        present.get()
                .leader()
                .execute(request, Callers.caller())
                .thenAccept(response -> finish(out, response));
    }

    @Override
    public void query(QueryRequest request, StreamObserver<QueryResponse> out) {
        if (request.hasIntroduceYourself()) {
            var own = introduction.get();
            if (request.getIntroduceYourself().getRefused() && isServer(Callers.peer())) {
                own = own.toBuilder().addAllRefused(refused.get()).build();
            }
            finish(out, QueryResponse.newBuilder().setIntroduction(own).build());
            return;
        }
        QueryResponse response;
        try {
            response = now().queries().query(request, Callers.caller());
        } catch (ControlFailure refused) {
            response = refusal(refused);
        } catch (RuntimeException bug) {
            response = refusal(Leadership.failure(bug));
        }
        finish(out, response);
    }

    @Override
    public void stream(QueryRequest request, StreamObserver<QueryResponse> out) {
        var call = (ServerCallStreamObserver<QueryResponse>) out;
        // Without a handler a cancelled call makes onNext throw; with one, isCancelled tells.
        call.setOnCancelHandler(() -> {});
        try {
            now().queries().stream(
                    request,
                    Callers.caller(),
                    part -> {
                        awaitWritable(call);
                        call.onNext(part);
                    });
        } catch (StreamCancelled gone) {
            return;
        } catch (ControlFailure refused) {
            call.onNext(refusal(refused));
        } catch (RuntimeException bug) {
            call.onNext(refusal(Leadership.failure(bug)));
        }
        call.onCompleted();
    }

    private static final class StreamCancelled extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StreamCancelled() {
            super("the caller is gone", null, false, false);
        }
    }

    /// Waits while the caller reads slower than we write (R12).
    private static void awaitWritable(ServerCallStreamObserver<QueryResponse> call) {
        long end = System.nanoTime() + WRITABLE_WAIT_NANOS;
        while (!call.isReady()) {
            if (call.isCancelled() || System.nanoTime() - end > 0) {
                throw new StreamCancelled();
            }
            LockSupport.parkNanos(WRITABLE_POLL_NANOS);
        }
        if (call.isCancelled()) {
            throw new StreamCancelled();
        }
    }

    // ------------------------------------------------------------ sessions

    @Override
    public StreamObserver<NodeMessage> nodeSession(StreamObserver<NodeDirective> out) {
        var present = serving.get();
        if (present.isEmpty()) {
            var refused =
                    NodeDirective.newBuilder()
                            .setRefused(failure(ControlFailure.notLeader()))
                            .build();
            return refusing(out, refused);
        }
        return present.get().leader().nodeSession(out, Callers.peer());
    }

    @Override
    public StreamObserver<ClientMessage> clientSession(StreamObserver<ClientDirective> out) {
        var present = serving.get();
        if (present.isEmpty()) {
            var refused =
                    ClientDirective.newBuilder()
                            .setFailure(failure(ControlFailure.notLeader()))
                            .build();
            return refusing(out, refused);
        }
        return present.get()
                .leader()
                .clientSession(
                        (ServerCallStreamObserver<ClientDirective>) out,
                        Callers.caller(),
                        Callers.peer());
    }

    private static <Q, R> StreamObserver<Q> refusing(StreamObserver<R> out, R refusal) {
        finish(out, refusal);
        return new StreamObserver<>() {
            @Override
            public void onNext(Q ignored) {}

            @Override
            public void onError(Throwable ignored) {}

            @Override
            public void onCompleted() {}
        };
    }

    // ------------------------------------------------------------ small print

    /// Who else takes what was refused would keep it from the audit log.
    private static boolean isServer(@Nullable Identity peer) {
        return peer != null && peer.kind() == Identity.Kind.SERVER;
    }

    private Serving now() throws ControlFailure {
        return serving.get().orElseThrow(ControlFailure::notLeader);
    }

    private Failure failure(ControlFailure refused) {
        return refused.toFailure(leaderAddress.get());
    }

    private QueryResponse refusal(ControlFailure refused) {
        return QueryResponse.newBuilder().setFailure(failure(refused)).build();
    }

    private static <T> void finish(StreamObserver<T> out, T response) {
        var outbox = new Outbox<T>(out);
        outbox.send(response);
        outbox.end();
    }
}
