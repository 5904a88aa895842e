package io.coppice.metadata.core;

import io.coppice.model.Position;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A small initialised cluster to drive a [MetadataState] with.
final class Cluster {
    static final long CHUNK = 64L << 10;
    static final long SESSION = 77;
    MetadataState state = new MetadataState();
    final List<Stamped> history = new ArrayList<>();
    private long sequence = 1;
    private long now = 1_000;

    static Cluster empty() {
        return new Cluster();
    }

    /// 3 nodes, 4 groups, a session.
    static Cluster ready() {
        return ready(config(4));
    }

    static Cluster ready(ClusterConfig config) {
        var cluster = new Cluster();
        for (int node = 1; node <= 3; node++) {
            cluster.register(node, 1, Map.of());
        }
        cluster.done(new Command.InitializeCluster(config));
        cluster.done(new Command.OpenSession(SESSION, "test", false));
        return cluster;
    }

    static ClusterConfig config(int groups) {
        return new ClusterConfig("c1", 3, 2, groups, CHUNK, false, 1_000);
    }

    Outcome register(int node, long incarnation, Map<Integer, Position> positions) {
        return register(node, incarnation, true, positions);
    }

    Outcome register(int node, long incarnation, boolean intact, Map<Integer, Position> positions) {
        var held = new ArrayList<Command.GroupPosition>();
        positions.forEach((group, at) -> held.add(new Command.GroupPosition(group, at)));
        return apply(
                0,
                new Command.RegisterNode(
                        "node" + node,
                        "h:" + node,
                        "h:9" + node,
                        incarnation,
                        node,
                        "rack" + node,
                        "",
                        List.of(new Command.StoreReport("store" + node, 1L << 40, intact, held))));
    }

    Outcome apply(long session, Command command) {
        var stamped = new Stamped(session, session == 0 ? 0 : sequence++, 0, now++, "t", command);
        history.add(stamped);
        return state.apply(stamped);
    }

    /// As somebody whose certificate says the name.
    Outcome as(String name, long session, Command command) {
        var caller = new Caller(name, "10.0.0.1:5", true);
        var stamped =
                new Stamped(session, session == 0 ? 0 : sequence++, 0, now++, caller, command);
        history.add(stamped);
        return state.apply(stamped);
    }

    Outcome done(Command command) {
        return done(SESSION, command);
    }

    Outcome done(long session, Command command) {
        boolean leader =
                command instanceof Command.InitializeCluster
                        || command instanceof Command.OpenSession;
        Outcome outcome = apply(leader ? 0 : session, command);
        if (outcome instanceof Outcome.Refused refused) {
            throw new AssertionError(command + " refused: " + refused);
        }
        return outcome;
    }

    Refusal refused(Command command) {
        if (apply(SESSION, command) instanceof Outcome.Refused refused) {
            return refused.code();
        }
        throw new AssertionError(command + " was done");
    }

    MetadataView view() {
        return state.view();
    }

    Volume volume(String name) {
        return view().volume(name).orElseThrow();
    }

    /// One fresh chunk id of the session.
    long chunk(int group) {
        var leased = (Outcome.ChunkIdsLeased) done(new Command.LeaseChunkIds(List.of(group), 1));
        return leased.ranges().getFirst().first();
    }

    void advance(long millis) {
        now += millis;
    }

    byte[] bytes() {
        return bytes(state);
    }

    static byte[] bytes(MetadataState state) {
        try (var capture = state.capture()) {
            return bytes(capture);
        }
    }

    static byte[] bytes(MetadataCapture capture) {
        var out = new ByteArrayOutputStream();
        try {
            capture.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static MetadataState load(byte[] bytes) {
        try {
            return MetadataState.load(new ByteArrayInputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
