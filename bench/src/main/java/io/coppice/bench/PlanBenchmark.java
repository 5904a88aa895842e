package io.coppice.bench;

import io.coppice.client.plan.ChunkOp;
import io.coppice.client.plan.DevicePlan;
import io.coppice.client.plan.Fault;
import io.coppice.client.plan.FlipBatch;
import io.coppice.client.plan.FreshChunk;
import io.coppice.client.plan.PlanConfig;
import io.coppice.client.plan.PlanPort;
import io.coppice.client.plan.Tags;
import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What the client decides about a request of one block at a random place of 4 GiB: which chunk,
/// and when it is acknowledged. The nodes and the quorum answer at once, inside the call.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PlanBenchmark {
    private static final int CHUNK_BLOCKS = (int) (Blocks.CHUNK_BYTES_DEFAULT / Blocks.BLOCK_BYTES);
    private static final int CHUNKS = 1024;
    private static final int PAGE_SLOTS = 512;

    private final SplittableRandom random = new SplittableRandom(1);
    private World world = new World();

    /// Writes to every chunk, so that each has one of its own.
    @Setup
    public void touchEveryChunk() {
        world = new World();
        for (int index = 0; index < CHUNKS; index++) {
            world.run(new Op(ChunkOp.Kind.WRITE, index, 0));
        }
        if (world.plan.unfinished() != 0) {
            throw new IllegalStateException(world.plan.unfinished() + " first writes hang");
        }
    }

    @Benchmark
    public boolean write() {
        return one(ChunkOp.Kind.WRITE);
    }

    @Benchmark
    public boolean read() {
        return one(ChunkOp.Kind.READ);
    }

    private boolean one(ChunkOp.Kind kind) {
        var op = new Op(kind, random.nextInt(CHUNKS), random.nextInt(CHUNK_BLOCKS));
        world.run(op);
        if (!op.done) {
            throw new IllegalStateException(op + " hangs");
        }
        return true;
    }

    /// A request whose caller only wants to know that it ended well.
    private static final class Op extends ChunkOp {
        private boolean done;

        Op(Kind kind, long index, int block) {
            super(kind, index, block, 1, Long.MAX_VALUE);
        }

        @Override
        protected void unmapped() {}

        @Override
        protected void completed(@Nullable Fault fault) {
            if (fault != null) {
                throw new IllegalStateException(fault.toString());
            }
            done = true;
        }

        @Override
        protected void released() {}
    }

    /// Does whatever the plan asks for as soon as the plan has returned.
    private static final class World implements PlanPort {
        private final DevicePlan plan =
                new DevicePlan(
                        PlanConfig.defaults(CHUNK_BLOCKS),
                        this,
                        1,
                        CHUNKS * Blocks.CHUNK_BYTES_DEFAULT);
        private @Nullable ChunkOp submitted;
        private @Nullable FlipBatch flipped;
        private long @Nullable [] wantedPages;
        private boolean turnEnds;
        private long sequence;
        private long chunks;

        void run(ChunkOp first) {
            plan.start(first);
            boolean busy = true;
            while (busy) {
                busy = answer();
            }
        }

        private boolean answer() {
            if (submitted != null) {
                ChunkOp op = submitted;
                submitted = null;
                plan.succeeded(op);
            } else if (wantedPages != null) {
                long[] pages = wantedPages;
                wantedPages = null;
                load(pages);
            } else if (flipped != null) {
                FlipBatch batch = flipped;
                flipped = null;
                plan.flipped(batch, Tags.NONE);
            } else if (turnEnds) {
                turnEnds = false;
                plan.turnEnd();
            } else {
                return false;
            }
            return true;
        }

        private void load(long[] pages) {
            for (long page : pages) {
                plan.pageLoaded(
                        page, new long[PAGE_SLOTS], new byte[PAGE_SLOTS / Byte.SIZE], Tags.NONE, 1);
            }
        }

        @Override
        public void submit(ChunkOp op) {
            submitted = op;
        }

        @Override
        public void flip(FlipBatch batch) {
            flipped = batch;
        }

        @Override
        public void loadPages(long[] pages) {
            wantedPages = pages;
        }

        @Override
        public void turnEndWanted() {
            turnEnds = true;
        }

        @Override
        public void generationAwaited() {
            throw new IllegalStateException("nobody seals here");
        }

        @Override
        public boolean holdsLease() {
            return true;
        }

        @Override
        public boolean recall(ChunkOp op) {
            return false;
        }

        @Override
        public FreshChunk takeChunk(int group) {
            return new FreshChunk(ChunkId.of(group, ++chunks).value(), 0);
        }

        @Override
        public int placeNewChunk(long index, int attempt) {
            return 1;
        }

        @Override
        public int placementTriesMax() {
            return 1;
        }

        @Override
        public void abandon(long chunk) {}

        @Override
        public long nextSequence(int group) {
            return ++sequence;
        }
    }
}
