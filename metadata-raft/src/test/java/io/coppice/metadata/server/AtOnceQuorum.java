package io.coppice.metadata.server;

import com.codahale.metrics.MetricRegistry;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.raft.Quorum;
import io.coppice.metadata.raft.RaftMembership;
import io.coppice.model.Invariant;
import io.coppice.port.Time;
import io.coppice.wire.pb.Introduction;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/// Applies at once whatever it is given, as the server's does that leads (again).
final class AtOnceQuorum implements Quorum {
    private final MetadataState state = new MetadataState();
    private int submitted;

    @Override
    public CompletableFuture<Outcome> submit(Stamped command) {
        submitted++;
        return CompletableFuture.completedFuture(state.apply(command));
    }

    @Override
    public CompletableFuture<Void> barrier() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> confirm() {
        return barrier();
    }

    @Override
    public <T> T read(Function<MetadataView, T> reader) {
        return reader.apply(state.view());
    }

    @Override
    public MetadataCapture capture() {
        return state.capture();
    }

    @Override
    public Optional<Outcome> remembered(long session, long sequence) {
        return Optional.ofNullable(state.remembered(session, sequence));
    }

    @Override
    public Optional<String> leader() {
        return Optional.empty();
    }

    @Override
    public RaftMembership membership() {
        throw new UnsupportedOperationException();
    }

    @Override
    public long logIndex() {
        return submitted;
    }

    @Override
    public long entriesWithFlips() {
        return 0;
    }

    /// `node1` and so on, each with a store and in a rack of its own.
    void registerNodes(int count) {
        for (int node = 1; node <= count; node++) {
            var store = new Command.StoreReport("store" + node, 1L << 40, true, List.of());
            apply(
                    0,
                    0,
                    new Command.RegisterNode(
                            "node" + node,
                            "h:" + node,
                            "h:9" + node,
                            1,
                            node,
                            "rack" + node,
                            "",
                            List.of(store)));
        }
    }

    void apply(long session, long sequence, Command command) {
        Outcome outcome = state.apply(new Stamped(session, sequence, 0, 1, "test", command));
        Invariant.check(!(outcome instanceof Outcome.Refused), "refused");
    }

    /// As somebody whose certificate says the name.
    Outcome as(String name, long session, Command command) {
        return state.apply(
                new Stamped(session, ++submitted, 0, 1, new Caller(name, "h", true), command));
    }

    /// Of the server that has this one.
    Leadership leadership() {
        return leadership(List::of);
    }

    Leadership leadership(Supplier<List<Optional<Introduction>>> others) {
        var config =
                new MetadataServerConfig(
                        "m1",
                        Path.of("nowhere"),
                        "h:1",
                        "h:2",
                        "h:3",
                        Map.of("m1", "h:1"),
                        Map.of("m1", "h:2"));
        return new Leadership(
                new Leadership.Ports(
                        this,
                        Time.system(),
                        (nanos, task) -> () -> {},
                        Runnable::run,
                        address -> false,
                        others),
                config,
                ServerMetrics.in(new MetricRegistry()));
    }
}
