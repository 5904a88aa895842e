package io.coppice.directory;

import io.coppice.port.Entropy;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Speaks to the metadata quorum: finds the leader among the endpoints, follows it when it changes,
/// and retries until a deadline. Commands carry (session, sequence), so a retried one is applied
/// once. Thread-safe; calls block.
public final class ControlClient implements ControlPlane {
    private static final int MESSAGE_BYTES_MAX = 64 << 20;
    private static final long PAUSE_MILLIS_MIN = 20;
    private static final long PAUSE_MILLIS_MAX = 250;

    /// One metadata server.
    static final class Endpoint {
        private final String address;
        private final EventLoopGroup loops;
        private final @Nullable SslContext tls;
        private @Nullable ManagedChannel channel;

        Endpoint(String address, EventLoopGroup loops, @Nullable SslContext tls) {
            this.address = address;
            this.loops = loops;
            this.tls = tls;
        }

        String address() {
            return address;
        }

        synchronized ManagedChannel channel() {
            if (channel == null) {
                channel =
                        ControlTls.channel(address, tls)
                                .eventLoopGroup(loops)
                                .channelType(NioSocketChannel.class)
                                .maxInboundMessageSize(MESSAGE_BYTES_MAX)
                                .keepAliveTime(10, TimeUnit.SECONDS)
                                .build();
            } else {
                // A server that was away for long may lead now: whoever asks has paused enough.
                channel.resetConnectBackoff();
            }
            return channel;
        }

        synchronized void close() {
            if (channel != null) {
                channel.shutdownNow();
            }
        }

        /// The next call makes a new connection.
        synchronized void disconnect() {
            close();
            channel = null;
        }
    }

    /// gRPC's shared ones live on for a second, and a JVM waits 300 ms at its end for threads that
    /// a selector holds: longer than most commands take.
    private final EventLoopGroup loops =
            new NioEventLoopGroup(1, new DefaultThreadFactory("control", true));

    private final @Nullable SslContext tls;
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final Duration deadline;
    private final long session = Entropy.system().nextLong();
    private final AtomicLong sequence = new AtomicLong();
    private final ScheduledExecutorService scheduler =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("control-retry").daemon().factory());
    private Endpoint leader;

    /// As below, in the clear.
    public ControlClient(List<String> addresses, Duration deadline) {
        this(addresses, deadline, null);
    }

    /// @param addresses `host:port` of every metadata server known; at least one
    /// @param deadline how long one call is retried
    /// @param credentials who calls, with TLS; null: nobody in particular, in the clear
    public ControlClient(
            List<String> addresses, Duration deadline, @Nullable Credentials credentials) {
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("no metadata server is known");
        }
        this.tls = ControlTls.calling(credentials);
        addresses.forEach(address -> endpoints.add(new Endpoint(address, loops, tls)));
        this.deadline = deadline;
        this.leader = endpoints.getFirst();
    }

    @Override
    public ExecuteResponse execute(ExecuteRequest.Builder command) throws ControlException {
        ExecuteRequest request =
                command.setSession(session).setSequence(sequence.incrementAndGet()).build();
        return retrying((stub, failure) -> {
            ExecuteResponse response = stub.execute(request);
            failure.accept(response.hasFailure() ? response.getFailure() : null);
            return response;
        });
    }

    @Override
    public QueryResponse query(QueryRequest query) throws ControlException {
        return retrying((stub, failure) -> {
            QueryResponse response = stub.query(query);
            failure.accept(response.hasFailure() ? response.getFailure() : null);
            return response;
        });
    }

    @Override
    public void stream(QueryRequest query, Consumer<QueryResponse> each) throws ControlException {
        retrying((stub, failure) -> {
            boolean any = false;
            try {
                var answers = stub.stream(query);
                while (answers.hasNext()) {
                    QueryResponse response = answers.next();
                    if (response.hasFailure()) {
                        failure.accept(response.getFailure());
                        return response;
                    }
                    any = true;
                    each.accept(response);
                }
            } catch (StatusRuntimeException e) {
                if (any) {
                    throw new ControlException(
                            Code.CODE_UNAVAILABLE,
                            "the answer broke off: " + LeaderStream.describe(e));
                }
                throw e;
            }
            failure.accept(null);
            return QueryResponse.getDefaultInstance();
        });
    }

    @Override
    public LeaderSession nodeSession(StreamListener<NodeMessage, NodeDirective> listener) {
        var stream =
                new LeaderStream<NodeMessage, NodeDirective>(
                        this,
                        (endpoint, observer) ->
                                ControlGrpc.newStub(endpoint.channel()).nodeSession(observer),
                        message -> message.hasRefused() ? message.getRefused() : null,
                        listener);
        stream.open();
        return stream;
    }

    @Override
    public LeaderSession clientSession(StreamListener<ClientMessage, ClientDirective> listener) {
        var stream =
                new LeaderStream<ClientMessage, ClientDirective>(
                        this,
                        (endpoint, observer) ->
                                ControlGrpc.newStub(endpoint.channel()).clientSession(observer),
                        message -> message.hasFailure() ? message.getFailure() : null,
                        listener);
        stream.open();
        return stream;
    }

    @Override
    public void close() {
        scheduler.shutdownNow();
        synchronized (endpoints) {
            endpoints.forEach(Endpoint::close);
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    Endpoint likelyLeader() {
        synchronized (endpoints) {
            return leader;
        }
    }

    /// `from` says who leads; empty: it does not know, so the next one is asked.
    void heardOfLeader(String address, Endpoint from) {
        synchronized (endpoints) {
            if (address.isEmpty() || address.equals(from.address())) {
                failedAt(from);
                return;
            }
            for (Endpoint endpoint : endpoints) {
                if (endpoint.address().equals(address)) {
                    leader = endpoint;
                    return;
                }
            }
            leader = new Endpoint(address, loops, tls);
            endpoints.add(leader);
        }
    }

    void failedAt(Endpoint endpoint) {
        synchronized (endpoints) {
            if (leader == endpoint) {
                leader = endpoints.get((endpoints.indexOf(endpoint) + 1) % endpoints.size());
            }
        }
    }

    private int known() {
        synchronized (endpoints) {
            return endpoints.size();
        }
    }

    void schedule(Runnable task, long delay, TimeUnit unit) {
        if (!scheduler.isShutdown()) {
            scheduler.schedule(task, delay, unit);
        }
    }

    private interface Call<T> {
        T run(ControlGrpc.ControlBlockingStub stub, Consumer<@Nullable Failure> failure)
                throws ControlException;
    }

    private <T> T retrying(Call<T> call) throws ControlException {
        long end = System.nanoTime() + deadline.toNanos();
        long pauseMillis = PAUSE_MILLIS_MIN;
        String why = "no answer";
        int turnedAway = 0;
        while (true) {
            Endpoint endpoint = likelyLeader();
            long leftNanos = end - System.nanoTime();
            if (leftNanos <= 0) {
                throw new ControlException(
                        Code.CODE_UNAVAILABLE,
                        "the cluster did not answer within " + shown(deadline) + " (" + why + ")");
            }
            boolean pause = true;
            try {
                var stub =
                        ControlGrpc.newBlockingStub(endpoint.channel())
                                .withDeadlineAfter(leftNanos, TimeUnit.NANOSECONDS);
                var failure = new @Nullable Failure[1];
                T answer = call.run(stub, found -> failure[0] = found);
                Failure found = failure[0];
                if (found == null || found.getCode() == Code.CODE_OK) {
                    return answer;
                }
                if (found.getCode() == Code.CODE_NOT_LEADER) {
                    why = endpoint.address() + " does not lead";
                    pause = found.getLeader().isEmpty();
                    heardOfLeader(found.getLeader(), endpoint);
                } else if (found.getCode() == Code.CODE_UNAVAILABLE) {
                    why = found.getMessage();
                } else {
                    throw new ControlException(found.getCode(), found.getMessage());
                }
            } catch (StatusRuntimeException e) {
                why = endpoint.address() + ": " + LeaderStream.describe(e);
                if (e.getStatus().getCode() == Status.Code.INVALID_ARGUMENT) {
                    throw new ControlException(Code.CODE_BAD_REQUEST, why);
                }
                boolean stranger = e.getStatus().getCode() == Status.Code.UNAUTHENTICATED;
                turnedAway = stranger || ControlTls.refusal(e) != null ? turnedAway + 1 : 0;
                // Time changes nothing about a certificate, but another server may think otherwise.
                if (turnedAway >= known()) {
                    throw new ControlException(Code.CODE_NOT_ALLOWED, why);
                }
                failedAt(endpoint);
            }
            if (pause) {
                pause(pauseMillis);
                pauseMillis = Math.min(pauseMillis * 2, PAUSE_MILLIS_MAX);
            }
        }
    }

    private static String shown(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }

    private static void pause(long millis) throws ControlException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ControlException(Code.CODE_UNAVAILABLE, "interrupted");
        }
    }
}
