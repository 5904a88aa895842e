package io.coppice.sim;

import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.server.Leader;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ClusterInfo;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.OpenedSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.SnapshotName;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The control plane as one host sees it: streams to the leader over [Wires], opened again after
/// they broke, as the gRPC client does it.
final class SimControl implements ControlPlane {
    private static final long BACKOFF_MIN = 20 * Scheduler.MILLI;
    private static final long BACKOFF_MAX = 500 * Scheduler.MILLI;

    private final Host host;
    private final Wires wires;
    private final Supplier<List<SimMetadata>> servers;
    private final Supplier<MetadataView> truth;

    /// @param truth what the quorum has committed, for the few questions that are not asked over a
    ///   stream
    SimControl(
            Host host,
            Wires wires,
            Supplier<List<SimMetadata>> servers,
            Supplier<MetadataView> truth) {
        this.host = host;
        this.wires = wires;
        this.servers = servers;
        this.truth = truth;
    }

    @Override
    public LeaderSession nodeSession(StreamListener<NodeMessage, NodeDirective> listener) {
        return new Session<>(Leader::nodeSession, NodeDirective::hasRefused, listener).open();
    }

    @Override
    public LeaderSession clientSession(StreamListener<ClientMessage, ClientDirective> listener) {
        return new Session<>(
                        Leader::clientSession,
                        message ->
                                message.hasFailure()
                                        && message.getFailure().getCode() == Code.CODE_NOT_LEADER,
                        listener)
                .open();
    }

    @Override
    public ExecuteResponse execute(ExecuteRequest.Builder command) {
        throw new UnsupportedOperationException("nothing waits in the simulator");
    }

    @Override
    public void stream(QueryRequest query, Consumer<QueryResponse> each) {
        throw new UnsupportedOperationException("nothing waits in the simulator");
    }

    @Override
    public QueryResponse query(QueryRequest query) throws ControlException {
        if (query.hasListGroups()) {
            for (SimMetadata server : servers.get()) {
                Leader leader = server.leader();
                if (leader != null && server.host().isRunning()) {
                    return QueryResponse.newBuilder()
                            .addAllGroups(leader.views().getGroupsList())
                            .build();
                }
            }
            throw new ControlException(Code.CODE_UNAVAILABLE, "no leader");
        }
        if (query.hasOpenSource()) {
            return QueryResponse.newBuilder()
                    .setOpened(source(query.getOpenSource().getSource()))
                    .build();
        }
        if (query.hasGetCluster()) {
            var config = ClusterConfig.newBuilder();
            truth.get().config().ifPresent(known -> config.setChunkBytes(known.chunkBytes()));
            return QueryResponse.newBuilder()
                    .setCluster(ClusterInfo.newBuilder().setConfig(config))
                    .build();
        }
        throw new UnsupportedOperationException("not asked in the simulator: " + query);
    }

    private OpenedSource source(SnapshotName name) throws ControlException {
        MetadataView view = truth.get();
        var volume = view.volume(name.getVolume());
        var snapshot = view.snapshot(name.getVolume(), name.getSnapshot());
        if (volume.isEmpty() || (!name.getSnapshot().isEmpty() && snapshot.isEmpty())) {
            throw new ControlException(Code.CODE_NOT_FOUND, "no such source");
        }
        var found = OpenedSource.newBuilder().setVolume(volume.get().id());
        snapshot.ifPresentOrElse(
                it -> found.setSnapshot(it.id()).setSize(it.size()).setGeneration(it.generation()),
                () -> found.setSize(volume.get().size()).setGeneration(volume.get().generation()));
        return found.build();
    }

    @Override
    public void close() {
        // The host ends instead.
    }

    // ------------------------------------------------------------ streams

    private final class Session<Q, R> implements LeaderSession {
        private final BiFunction<Leader, ServerCallStreamObserver<R>, StreamObserver<Q>> opener;
        private final Predicate<R> refusal;
        private final StreamListener<Q, R> listener;
        private long backoff = BACKOFF_MIN;
        private int next;
        private boolean closed;
        private @Nullable Attempt current;

        Session(
                BiFunction<Leader, ServerCallStreamObserver<R>, StreamObserver<Q>> opener,
                Predicate<R> refusal,
                StreamListener<Q, R> listener) {
            this.opener = opener;
            this.refusal = refusal;
            this.listener = listener;
            this.next = host.chance().below(3);
        }

        LeaderSession open() {
            if (!closed) {
                List<SimMetadata> all = servers.get();
                var attempt = new Attempt(all.get(next % all.size()));
                current = attempt;
                attempt.start();
            }
            return this;
        }

        @Override
        public void close() {
            closed = true;
            if (current != null) {
                current.abort("closed");
            }
        }

        private final class Attempt implements StreamSender<Q>, Wires.Opening {
            private final SimMetadata server;
            private Wires.@Nullable Wire wire;
            private final List<Q> early = new java.util.ArrayList<>();
            private @Nullable StreamObserver<Q> up;
            private boolean ended;
            private boolean established;

            Attempt(SimMetadata server) {
                this.server = server;
            }

            void start() {
                host.execute(() -> listener.opened(this, server.id()));
                host.execute(() -> wires.open(host, server.host(), this));
            }

            @Override
            public void send(Q message) {
                if (ended) {
                    return;
                }
                if (!established || wire == null) {
                    early.add(message);
                } else {
                    wire.send(host, () -> receive(message));
                }
            }

            /// On the server.
            private void receive(Q message) {
                if (up != null) {
                    up.onNext(message);
                }
            }

            @Override
            public void accepted(Wires.Wire accepted) {
                wire = accepted;
                Leader leader = server.leader();
                if (leader != null) {
                    up = opener.apply(leader, new Down(accepted));
                }
            }

            @Override
            public void opened(Wires.Wire opened) {
                established = true;
                wire = opened;
                if (ended) {
                    opened.close(host);
                    return;
                }
                if (up == null) {
                    opened.reset("not the leader");
                    return;
                }
                var late = List.copyOf(early);
                early.clear();
                late.forEach(this::send);
            }

            @Override
            public void closed(Host where, String why) {
                if (where == host) {
                    end(why);
                } else if (up != null) {
                    StreamObserver<Q> gone = up;
                    up = null;
                    gone.onError(new IllegalStateException(why));
                }
            }

            @Override
            public void abort(String why) {
                if (wire != null) {
                    wire.close(host);
                }
                host.execute(() -> end(why));
            }

            private void down(R message) {
                if (ended) {
                    return;
                }
                if (refusal.test(message)) {
                    abort("not the leader");
                    return;
                }
                backoff = BACKOFF_MIN;
                listener.received(message);
            }

            private void end(String why) {
                if (ended) {
                    return;
                }
                ended = true;
                listener.closed(why);
                next++;
                host.after(backoff, Session.this::open);
                backoff = Math.min(backoff * 2, BACKOFF_MAX);
            }

            /// What the server sends down.
            private final class Down extends ServerCallStreamObserver<R> {
                private final Wires.Wire to;
                private boolean completed;

                Down(Wires.Wire to) {
                    this.to = to;
                }

                @Override
                public void onNext(R message) {
                    if (!completed) {
                        to.send(server.host(), () -> down(message));
                    }
                }

                @Override
                public void onCompleted() {
                    if (!completed) {
                        completed = true;
                        to.close(server.host());
                    }
                }

                @Override
                public void onError(Throwable failed) {
                    onCompleted();
                }

                @Override
                public boolean isCancelled() {
                    return completed;
                }

                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void request(int count) {
                    // Nothing is held back.
                }

                @Override
                public void setOnCancelHandler(Runnable handler) {
                    // Nobody cancels.
                }

                @Override
                public void setOnCloseHandler(Runnable handler) {
                    // Callers are not authenticated, so nobody counts their streams.
                }

                @Override
                public void setCompression(String compression) {
                    // Nothing is compressed.
                }

                @Override
                public void setOnReadyHandler(Runnable handler) {
                    // Always ready.
                }

                @Override
                public void disableAutoInboundFlowControl() {
                    // Nothing is held back.
                }

                @Override
                public void setMessageCompression(boolean enable) {
                    // Nothing is compressed.
                }
            }
        }
    }
}
