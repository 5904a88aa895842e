package io.coppice.bench;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.model.Blocks;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// The metadata state machine on its own, without Raft: the first write to a slot of a volume, and
/// a clone that is made and deleted again, of volumes with few and with many mapped chunks.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MetadataBenchmark {
    private static final long SESSION = 77;
    private static final int LEASE = 4096;
    private static final int REAP_NODES = 1024;

    @Param({"0", "1000000"})
    int mapped;

    private MetadataState state;
    private long fence;
    private long volume;
    private long generation;
    private long slot;
    private long lastSequence;
    private long nextId;
    private int idsLeft;

    /// Afresh for every iteration: flips only ever fill the map.
    @Setup(Level.Iteration)
    public void fill() {
        state = new MetadataState();
        slot = 0;
        lastSequence = 0;
        idsLeft = 0;
        for (int node = 1; node <= 3; node++) {
            leader(
                    new Command.RegisterNode(
                            "node" + node,
                            "host:" + node,
                            "host:" + (100 + node),
                            1,
                            node,
                            "",
                            "",
                            List.of(
                                    new Command.StoreReport(
                                            "store" + node, 1L << 40, true, List.of()))));
        }
        leader(
                new Command.InitializeCluster(
                        new ClusterConfig(
                                "bench", 3, 2, 16, Blocks.CHUNK_BYTES_DEFAULT, false, 0)));
        leader(new Command.OpenSession(SESSION, "bench", false));
        client(new Command.CreateVolume("base", 1L << 60, Map.of()));
        var attached = (Outcome.Attached) client(new Command.Attach("base", 0));
        volume = attached.volume().id();
        generation = attached.volume().generation();
        fence = attached.attachment().fence();
        for (int i = 0; i < mapped; i++) {
            flip();
        }
        client(
                new Command.CreateSnapshots(
                        List.of(
                                new Command.SnapshotCut(
                                        "base", "cut", new Command.Seal(volume, generation))),
                        Map.of()));
        generation++;
    }

    /// A slot that was empty gets its chunk; the lease of its id included.
    @Benchmark
    public Outcome flip() {
        if (idsLeft == 0) {
            var leased =
                    (Outcome.ChunkIdsLeased) client(new Command.LeaseChunkIds(List.of(0), LEASE));
            nextId = leased.ranges().getFirst().first();
            idsLeft = LEASE;
        }
        idsLeft--;
        var change = new Command.FlipSlot(slot++, 0, nextId++);
        return client(new Command.Flip(volume, generation, fence, List.of(change)));
    }

    /// Two commands and the reaping of what they leave.
    @Benchmark
    public Outcome cloneAndDelete() {
        client(new Command.CreateClones("base", "cut", null, List.of("clone"), Map.of(), 0));
        client(new Command.DeleteVolume("clone", true));
        return leader(new Command.ReapStep(REAP_NODES));
    }

    private Outcome client(Command command) {
        long sequence = ++lastSequence;
        return done(new Stamped(SESSION, sequence, sequence - 1, sequence, "bench", command));
    }

    private Outcome leader(Command command) {
        return done(Stamped.byLeader(1, command));
    }

    private Outcome done(Stamped command) {
        Outcome outcome = state.apply(command);
        if (outcome instanceof Outcome.Refused refused) {
            throw new IllegalStateException(command.command() + ": " + refused);
        }
        return outcome;
    }
}
