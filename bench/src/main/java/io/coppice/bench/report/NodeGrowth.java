package io.coppice.bench.report;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.core.Store;
import io.coppice.model.Blocks;
import io.coppice.model.Position;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// What a cluster of many nodes costs its quorum, where there are no machines for it: the state
/// machine that every metadata server runs, with so many nodes of 12 stores registered, in this
/// process. Raft, heartbeats, and the views that nodes and clients are told are not in it.
final class NodeGrowth {
    private static final List<Integer> NODES = List.of(3, 10, 100, 1_000);

    /// Measured first and not told of, so that the code is compiled when the smallest has its turn.
    private static final int WARM_UP = 100;

    private static final int STORES = 12;
    private static final int RACK_NODES = 20;
    private static final int CALLS = 5;
    private static final int FLIPS = 20_000;
    private static final long SESSION = 7;
    private static final long DAY_MILLIS = 86_400_000;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_MICRO = 1e3;

    private final MetadataState state = new MetadataState();
    private final int nodes;
    private long sequence;
    private long now = 1;

    private NodeGrowth(int nodes) {
        this.nodes = nodes;
    }

    static void measure(Growth growth, int most, Consumer<String> say) throws IOException {
        Growth.Axis axis =
                growth.axis(
                        "nodes",
                        "Storage nodes in the cluster",
                        "Each with "
                                + STORES
                                + " stores. The state machine of the quorum alone, in this process; medians"
                                + " of "
                                + CALLS
                                + " calls, of "
                                + FLIPS
                                + " flips their mean. Bytes of the state are without volumes.");
        new NodeGrowth(WARM_UP).run(new Growth.Axis("", "", ""));
        for (int nodes : NODES) {
            if (nodes <= most) {
                new NodeGrowth(nodes).run(axis);
                say.accept(nodes + " nodes");
            }
        }
    }

    private void run(Growth.Axis axis) throws IOException {
        for (int node = 1; node <= nodes; node++) {
            leader(registration(node, 1, List.of()));
        }
        long start = System.nanoTime();
        leader(
                new Command.InitializeCluster(
                        new ClusterConfig("bench", 3, 2, 0, Blocks.CHUNK_BYTES_DEFAULT, false, 0)));
        axis.put("groups placed, ms", nodes, (System.nanoTime() - start) / NANOS_PER_MILLI);
        axis.put("groups", nodes, state.view().groups().size());
        axis.put("state, MiB", nodes, bytes() / (double) (1 << 20));
        axis.put("flip, µs", nodes, flips());
        axis.put("repair plan, all whole, ms", nodes, plan(0));
        failures(axis);
    }

    /// The same node fails and is back again and again.
    private void failures(Growth.Axis axis) {
        var lost = new ArrayList<Double>();
        var planned = new ArrayList<Double>();
        var back = new ArrayList<Double>();
        for (int i = 1; i <= CALLS; i++) {
            now += DAY_MILLIS;
            long start = System.nanoTime();
            leader(new Command.NodeLost(1, i));
            lost.add((System.nanoTime() - start) / NANOS_PER_MILLI);
            planned.add(plan(2 * DAY_MILLIS));
            Command.RegisterNode again = registration(1, i + 1, positions());
            start = System.nanoTime();
            leader(again);
            back.add((System.nanoTime() - start) / NANOS_PER_MILLI);
            catchUp();
        }
        axis.put("a node is lost, ms", nodes, Figures.median(lost));
        axis.put("repair plan for it, ms", nodes, Figures.median(planned));
        axis.put("it registers again, ms", nodes, Figures.median(back));
    }

    private Command.RegisterNode registration(
            int node, long incarnation, List<List<Command.GroupPosition>> positions) {
        var stores = new ArrayList<Command.StoreReport>();
        for (int i = 0; i < STORES; i++) {
            stores.add(
                    new Command.StoreReport(
                            "store" + node + "-" + i,
                            1L << 40,
                            true,
                            positions.isEmpty() ? List.of() : positions.get(i)));
        }
        return new Command.RegisterNode(
                "node" + node,
                "host:" + node,
                "host:" + (100_000 + node),
                incarnation,
                node,
                "rack" + node / RACK_NODES,
                incarnation == 1 ? "" : "bench",
                stores,
                List.of());
    }

    /// What the stores of node 1 say that they hold: all that there is.
    private List<List<Command.GroupPosition>> positions() {
        var held = new ArrayList<List<Command.GroupPosition>>();
        for (Store store : state.view().stores()) {
            if (store.node() == 1) {
                held.add(
                        state.view().groups().stream()
                                .filter(group -> group.replica(store.id()).isPresent())
                                .map(group ->
                                        new Command.GroupPosition(
                                                group.id(), new Position(group.epoch(), 1)))
                                .toList());
            }
        }
        return held;
    }

    /// All replicas of node 1 serve again.
    private void catchUp() {
        for (Store store : state.view().stores()) {
            if (store.node() == 1) {
                state.view().groups().stream()
                        .filter(group -> group.replica(store.id()).isPresent())
                        .toList()
                        .forEach(group ->
                                leader(
                                        new Command.ReplicaSynced(
                                                group.id(), group.epoch(), store.id())));
            }
        }
    }

    /// Milliseconds of one look at what is to be repaired.
    ///
    /// @param later so much after the present
    private double plan(long later) {
        var calls = new ArrayList<Double>();
        for (int i = 0; i < CALLS; i++) {
            long start = System.nanoTime();
            state.view()
                    .repairs(
                            new MetadataView.RepairRules(
                                    now + later, DAY_MILLIS, 0, 2, 8, Set.of()));
            calls.add((System.nanoTime() - start) / NANOS_PER_MILLI);
        }
        return Figures.median(calls);
    }

    /// Microseconds of one, with chunk ids from all groups.
    private double flips() {
        leader(new Command.OpenSession(SESSION, "bench", false));
        client(new Command.CreateVolume("v", FLIPS * (long) Blocks.CHUNK_BYTES_DEFAULT, Map.of()));
        var attached = (Outcome.Attached) client(new Command.Attach("v", 0));
        var ids = new ArrayList<Long>();
        int groups = state.view().groups().size();
        for (int i = 0; ids.size() < FLIPS; i++) {
            var leased =
                    (Outcome.ChunkIdsLeased)
                            client(new Command.LeaseChunkIds(List.of(i % groups), 16));
            leased.ranges()
                    .forEach(range -> {
                        for (int n = 0; n < range.count(); n++) {
                            ids.add(range.first() + n);
                        }
                    });
        }
        long start = System.nanoTime();
        for (int i = 0; i < FLIPS; i++) {
            client(
                    new Command.Flip(
                            attached.volume().id(),
                            attached.volume().generation(),
                            attached.attachment().fence(),
                            List.of(new Command.FlipSlot(i, 0, ids.get(i)))));
        }
        return (System.nanoTime() - start) / NANOS_PER_MICRO / FLIPS;
    }

    private long bytes() throws IOException {
        var counted = new long[1];
        try (var capture = state.capture()) {
            capture.writeTo(
                    new OutputStream() {
                        @Override
                        public void write(int one) {
                            counted[0]++;
                        }

                        @Override
                        public void write(byte[] some, int from, int length) {
                            counted[0] += length;
                        }
                    });
        }
        return counted[0];
    }

    private Outcome client(Command command) {
        long next = ++sequence;
        return done(new Stamped(SESSION, next, next - 1, now, "bench", command));
    }

    private void leader(Command command) {
        done(Stamped.byLeader(now, command));
    }

    private Outcome done(Stamped command) {
        Outcome outcome = state.apply(command);
        if (outcome instanceof Outcome.Refused refused) {
            throw new IllegalStateException(command.command() + ": " + refused);
        }
        return outcome;
    }
}
