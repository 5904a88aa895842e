package io.coppice.client.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.plan.Fault.Reason;
import io.coppice.model.ChunkId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A cluster in a few lines: one storage node, one quorum, and a network that reorders, repeats and
/// refuses. A block holds two cells, so that a patch changes half of it. Time is the number of
/// events so far.
final class PlanWorld implements PlanPort {
    static final int CHUNK_BLOCKS = 8;
    static final int CHUNKS = 6;
    static final int CELLS = 2;
    static final int SIZE_BLOCKS = CHUNK_BLOCKS * CHUNKS - 3;
    private static final int GROUPS = 3;

    private record Written(long value, long start, long[] ack) {
        @Override
        public String toString() {
            return value + " in " + start + ".." + ack[0];
        }
    }

    private record Snapshot(long[] map, Map<Long, long[]> content) {}

    final Random random;
    final DevicePlan plan;
    private final List<Runnable> network = new ArrayList<>();
    private final Map<Long, long[]> chunks = new HashMap<>();

    /// Sealed chunks as they were when they were first read.
    private final Map<Long, long[]> remembered = new HashMap<>();

    private final Map<Long, Boolean> outcomes = new HashMap<>();
    private final Set<Long> abandoned = new HashSet<>();
    private final long[] map = new long[CHUNKS];
    private final long[] slotGeneration = new long[CHUNKS];
    private final List<Snapshot> snapshots = new ArrayList<>();
    private final List<List<Written>> history = new ArrayList<>();
    private long generation = 1;
    private long sealed;

    /// When the client heard of the newest rollback, and how many it has yet to hear of: until then
    /// what it does counts as done before.
    private long rolledBack = -1;

    private int untoldRollbacks;

    private long sequence;
    private long nextChunk = 1;
    private long nextValue = 1;
    private boolean calm;

    /// Nobody else changes the map.
    private boolean alone = true;

    private int open;
    private boolean inTurn;
    long now;
    int acknowledged;
    int failures;
    int flipsCommitted;

    PlanWorld(long seed) {
        random = new Random(seed);
        var config =
                new PlanConfig(
                        CHUNK_BLOCKS,
                        1 + random.nextInt(2),
                        1 + random.nextInt(4),
                        1 + random.nextInt(3));
        plan = new DevicePlan(config, this, generation, (long) SIZE_BLOCKS << 12);
        for (int i = 0; i < CHUNKS * CHUNK_BLOCKS * CELLS; i++) {
            var cell = new ArrayList<Written>();
            cell.add(new Written(0, -2, new long[] {-1}));
            history.add(cell);
        }
    }

    final class Op extends ChunkOp {
        final int cell;
        final long value;
        final long start = now;
        long[] seen = new long[0];
        final List<Written> entries = new ArrayList<>();
        boolean done;
        boolean free;

        Op(Kind kind, long index, int block, int count, int cell, long deadline) {
            super(kind, index, block, count, deadline);
            this.cell = cell;
            value = kind == Kind.ZERO ? 0 : nextValue++;
            open++;
            if (writes()) {
                forCells(at -> {
                    var entry = new Written(value, start, new long[] {Long.MAX_VALUE});
                    entries.add(entry);
                    history.get(at).add(entry);
                });
            }
        }

        void forCells(java.util.function.IntConsumer each) {
            int base = ((int) index() * CHUNK_BLOCKS + block()) * CELLS;
            if (kind() == Kind.PATCH) {
                each.accept(base + cell);
            } else {
                for (int i = 0; i < blockCount() * CELLS; i++) {
                    each.accept(base + i);
                }
            }
        }

        @Override
        protected void unmapped() {
            seen = new long[blockCount() * CELLS];
        }

        @Override
        protected void completed(@Nullable Fault fault) {
            assertFalse(done, "completed twice");
            done = true;
            if (fault != null) {
                failures++;
                return;
            }
            acknowledged++;
            if (kind() == Kind.READ) {
                int[] i = {0};
                forCells(at -> checkRead(at, seen[i[0]++], start, now));
            } else if (writes()) {
                entries.forEach(entry -> entry.ack[0] = Math.min(entry.ack[0], now));
                if (start > rolledBack && untoldRollbacks == 0) {
                    forCells(at ->
                            assertEquals(
                                    value,
                                    committedCell(at),
                                    "acknowledged before the quorum points at it"));
                }
            }
        }

        @Override
        protected void released() {
            assertTrue(done, "released before it was completed");
            assertFalse(free, "released twice");
            free = true;
            open--;
        }
    }

    // ------------------------------------------------------------ the workload

    void startRandom() {
        int pick = random.nextInt(10);
        int index = random.nextInt(CHUNKS);
        int blocks = index == CHUNKS - 1 ? CHUNK_BLOCKS - 3 : CHUNK_BLOCKS;
        int block = random.nextInt(blocks);
        int count = 1 + random.nextInt(blocks - block);
        long deadline = now + (random.nextInt(4) == 0 ? 20 + random.nextInt(200) : 1_000_000);
        ChunkOp.Kind kind =
                pick < 3
                        ? ChunkOp.Kind.READ
                        : pick < 6
                                ? ChunkOp.Kind.WRITE
                                : pick < 8 ? ChunkOp.Kind.PATCH : ChunkOp.Kind.ZERO;
        if (kind == ChunkOp.Kind.PATCH) {
            count = 1;
        } else if (kind == ChunkOp.Kind.ZERO && random.nextInt(3) == 0) {
            block = 0;
            count = blocks;
        }
        plan.start(new Op(kind, index, block, count, random.nextInt(CELLS), deadline));
    }

    /// Somebody else reads by the newest map: what is seen there is there for good.
    void look() {
        int at = random.nextInt(CHUNKS * CHUNK_BLOCKS * CELLS);
        long value = committedCell(at);
        for (Written written : history.get(at)) {
            if (value != 0 && written.value == value) {
                written.ack[0] = Math.min(written.ack[0], now);
            }
        }
    }

    void snapshot() {
        sealed = generation;
        long sealTime = now;
        network.add(() -> {
            if (sealed < generation) {
                return;
            }
            generation++;
            var content = new HashMap<Long, long[]>();
            for (long chunk : map) {
                if (chunk != 0) {
                    content.put(chunk, content(chunk).clone());
                }
            }
            snapshots.add(new Snapshot(map.clone(), content));
            for (int at = 0; at < CHUNKS * CHUNK_BLOCKS * CELLS; at++) {
                checkRead(at, committedCell(at), sealTime, now);
            }
            if (random.nextBoolean()) {
                long raised = generation;
                network.add(() -> plan.volumeChanged(raised, plan.size(), false));
            }
        });
    }

    /// Back to a snapshot, under the client's feet: the same as writing all of it, done when the
    /// client has heard of it.
    void rollback() {
        if (snapshots.isEmpty()) {
            return;
        }
        Snapshot to = snapshots.get(random.nextInt(snapshots.size()));
        sealed = generation;
        long sealTime = now;
        network.add(() -> {
            if (sealed < generation) {
                return;
            }
            untoldRollbacks++;
            generation++;
            System.arraycopy(to.map, 0, map, 0, CHUNKS);
            java.util.Arrays.fill(slotGeneration, 0);
            purge();
            var entries = new ArrayList<Written>();
            for (int at = 0; at < CHUNKS * CHUNK_BLOCKS * CELLS; at++) {
                var entry = new Written(committedCell(at), sealTime, new long[] {Long.MAX_VALUE});
                history.get(at).add(entry);
                entries.add(entry);
            }
            long raised = generation;
            network.add(() -> {
                plan.volumeChanged(raised, plan.size(), true);
                rolledBack = now;
                untoldRollbacks--;
                entries.forEach(entry -> entry.ack[0] = now);
            });
        });
    }

    /// The client is taken over from, and does not know.
    void takeOver(int index) {
        alone = false;
        long value = nextValue++;
        var content = new long[CHUNK_BLOCKS * CELLS];
        java.util.Arrays.fill(content, value);
        map[index] = ChunkId.of(1, nextChunk++).value();
        chunks.put(map[index], content);
        for (int i = 0; i < content.length; i++) {
            history.get(index * content.length + i).add(new Written(value, now, new long[] {now}));
        }
        now++;
    }

    void start(ChunkOp.Kind kind, int index) {
        plan.start(new Op(kind, index, 0, CHUNK_BLOCKS, 0, Long.MAX_VALUE / 2));
    }

    void calmDown() {
        calm = true;
    }

    void expire() {
        plan.expire(now, new Fault(Reason.TIMED_OUT, "no answer in time"));
    }

    /// One random event; false: none was left.
    boolean step() {
        now++;
        if (network.isEmpty()) {
            return false;
        }
        int pick = random.nextInt(network.size());
        Runnable event = network.set(pick, network.get(network.size() - 1));
        network.remove(network.size() - 1);
        inTurn = true;
        event.run();
        inTurn = false;
        return true;
    }

    /// No more faults: everything must come to an end, and the content be explained by the history.
    void settle() {
        calm = true;
        if (sealed >= generation) {
            snapshot();
        }
        while (step()) {}
        for (int index = 0; index < CHUNKS; index++) {
            plan.start(new Op(ChunkOp.Kind.READ, index, 0, CHUNK_BLOCKS, 0, Long.MAX_VALUE / 2));
        }
        while (step()) {}
        assertEquals(0, plan.unfinished(), "every operation ends");
        assertEquals(0, open, "every operation is released");
        assertEquals(0, plan.busySlots(), "no slot is left busy");
        for (Snapshot snapshot : snapshots) {
            snapshot.content.forEach((chunk, cells) ->
                    org.junit.jupiter.api.Assertions.assertArrayEquals(
                            cells, chunks.get(chunk), "a snapshot's chunk never changes"));
        }
        for (long chunk : map) {
            assertFalse(abandoned.contains(chunk), "a mapped chunk was abandoned");
        }
    }

    /// A value is right if nothing that began after its write was acknowledged had itself been
    /// acknowledged before the read began.
    private void checkRead(int at, long value, long start, long end) {
        var writes = history.get(at);
        for (Written candidate : writes) {
            if (candidate.value == value && candidate.start <= end) {
                boolean overwritten = false;
                for (Written later : writes) {
                    overwritten |= later.start > candidate.ack[0] && later.ack[0] < start;
                }
                if (!overwritten) {
                    return;
                }
            }
        }
        throw new AssertionError(
                "cell " + at + " read as " + value + " in " + start + ".." + end + " of " + writes);
    }

    private long committedCell(int at) {
        long chunk = map[at / (CHUNK_BLOCKS * CELLS)];
        return chunk == 0 ? 0 : content(chunk)[at % (CHUNK_BLOCKS * CELLS)];
    }

    private long[] content(long chunk) {
        return Objects.requireNonNull(chunks.get(chunk), "a mapped chunk exists");
    }

    // ------------------------------------------------------------ the node

    private void serve(Op op, int attempt) {
        if (!calm && random.nextInt(12) == 0) {
            if (random.nextInt(30) == 0) {
                plan.failed(op, new Fault(Reason.IO_ERROR, "broken"));
            } else {
                network.add(() -> serve(op, attempt + 1)); // the request was lost
            }
            return;
        }
        Runnable answer = execute(op);
        if (!calm && random.nextInt(12) == 0) {
            if (random.nextInt(30) == 0) {
                plan.failed(op, new Fault(Reason.TIMED_OUT, "the answer was lost"));
            } else {
                network.add(() ->
                        serve(op, attempt + 1)); // the answer was lost: the same request again
            }
            return;
        }
        network.add(answer);
    }

    /// Now and then it has to ask, although it is the only one that changes the map.
    @Override
    public boolean holdsLease() {
        return alone && random.nextInt(3) > 0;
    }

    @Override
    public boolean recall(ChunkOp op) {
        long[] content = chunks.get(op.chunk());
        if (content == null || random.nextBoolean()) {
            return false;
        }
        remembered.putIfAbsent(op.chunk(), content.clone());
        ((Op) op).seen = part(op, Objects.requireNonNull(remembered.get(op.chunk())));
        return true;
    }

    private static long[] part(ChunkOp op, long[] content) {
        int from = op.block() * CELLS;
        return java.util.Arrays.copyOfRange(content, from, from + op.blockCount() * CELLS);
    }

    private Runnable execute(Op op) {
        assertTrue(NodeTags.areRight(op), "without the right tag: " + op);
        if (op.isReading()) {
            long[] content = chunks.get(op.chunk());
            if (content == null) {
                return () -> plan.chunkMissing(op);
            }
            long[] copy = part(op, content);
            return () -> {
                op.seen = copy;
                plan.succeeded(op);
            };
        }
        if (outcomes.containsKey(op.sequence())) {
            return () -> plan.succeeded(op);
        }
        if (op.generation() <= sealed) {
            return () -> plan.refusedBySeal(op);
        }
        if (op.create() && !calm && random.nextInt(8) == 0) {
            return () -> plan.failed(op, new Fault(Reason.NO_SPACE, "full"));
        }
        if (!calm && random.nextInt(40) == 0) {
            return () -> plan.refusedAsOld(op);
        }
        if (op.create()) {
            chunks.putIfAbsent(op.chunk(), new long[CHUNK_BLOCKS * CELLS]);
        } else if (op.fromChunk() != 0 && !chunks.containsKey(op.chunk())) {
            long[] parent = chunks.get(op.fromChunk());
            if (parent == null) {
                return () -> plan.chunkMissing(op);
            }
            assertEquals(
                    ChunkId.group(op.fromChunk()),
                    ChunkId.group(op.chunk()),
                    "derived in another group");
            chunks.put(op.chunk(), parent.clone());
        }
        long[] content = chunks.get(op.chunk());
        if (content == null) {
            return () -> plan.chunkMissing(op);
        }
        int from = op.block() * CELLS;
        if (op.kind() == ChunkOp.Kind.PATCH) {
            // The client merged what it read with its half, and sends the whole block.
            for (int i = 0; i < CELLS; i++) {
                content[from + i] = i == op.cell ? op.value : op.seen[i];
            }
        } else {
            java.util.Arrays.fill(content, from, from + op.blockCount() * CELLS, op.value);
        }
        outcomes.put(op.sequence(), true);
        return () -> plan.succeeded(op);
    }

    // ------------------------------------------------------------ the quorum

    private void commit(FlipBatch batch) {
        boolean good = batch.generation() == generation && (calm || random.nextInt(10) != 0);
        for (int i = 0; i < batch.size(); i++) {
            good &= map[(int) batch.index(i)] == batch.oldChunk(i);
        }
        if (!good) {
            network.add(() -> plan.flipStale(batch));
            return;
        }
        flipsCommitted += batch.size();
        for (int i = 0; i < batch.size(); i++) {
            int index = (int) batch.index(i);
            assertTrue(
                    batch.newChunk(i) == 0 || chunks.containsKey(batch.newChunk(i)),
                    "flipped before derived");
            map[index] = batch.newChunk(i);
            slotGeneration[index] = generation;
        }
        purge();
        var tags = NodeTags.of(batch.size(), batch::newChunk, i -> true, generation);
        network.add(() -> plan.flipped(batch, tags));
    }

    private void purge() {
        chunks.keySet()
                .removeIf(chunk -> {
                    boolean mapped = false;
                    for (long now : map) {
                        mapped |= now == chunk;
                    }
                    for (Snapshot snapshot : snapshots) {
                        mapped |= snapshot.content.containsKey(chunk);
                    }
                    // Chunks above the highest flipped ones may still be on their way in.
                    return !mapped && everMapped.contains(chunk);
                });
        for (long chunk : map) {
            everMapped.add(chunk);
        }
    }

    private final Set<Long> everMapped = new HashSet<>();

    private void answerPages(long[] pages) {
        long captured = generation;
        long[] content = map.clone();
        byte[] owned = new byte[64];
        for (int i = 0; i < CHUNKS; i++) {
            if (slotGeneration[i] == generation && map[i] != 0) {
                owned[i >> 3] |= (byte) (1 << (i & 7));
            }
        }
        for (long page : pages) {
            var tags = NodeTags.of(CHUNKS, i -> content[i], i -> isSet(owned, i), captured);
            network.add(() -> plan.pageLoaded(page, content, owned, tags, captured));
        }
    }

    private static boolean isSet(byte[] bits, int i) {
        return (bits[i >> 3] & 1 << (i & 7)) != 0;
    }

    // ------------------------------------------------------------ port

    @Override
    public void submit(ChunkOp op) {
        network.add(() -> serve((Op) op, 0));
    }

    @Override
    public void flip(FlipBatch batch) {
        network.add(() -> commit(batch));
    }

    @Override
    public void loadPages(long[] pages) {
        network.add(() -> answerPages(pages));
    }

    @Override
    public void turnEndWanted() {
        network.add(plan::turnEnd);
    }

    @Override
    public void generationAwaited() {
        network.add(this::poll);
    }

    private void poll() {
        if (plan.pollGeneration()) {
            network.add(this::poll);
        }
    }

    @Override
    public @Nullable FreshChunk takeChunk(int group) {
        if (!calm && random.nextInt(6) == 0) {
            network.add(plan::placementChanged);
            return null;
        }
        long chunk = ChunkId.of(group, nextChunk++).value();
        return new FreshChunk(chunk, NodeTags.fresh(chunk));
    }

    @Override
    public int placeNewChunk(long index, int attempt) {
        return (int) ((index + attempt) % GROUPS) + 1;
    }

    @Override
    public int placementTriesMax() {
        return GROUPS;
    }

    @Override
    public void abandon(long chunk) {
        assertTrue(abandoned.add(chunk), "abandoned twice");
        for (long mapped : map) {
            assertTrue(mapped != chunk, "abandoned, but mapped");
        }
        chunks.remove(chunk);
    }

    @Override
    public long nextSequence(int group) {
        return ++sequence;
    }

    Map<String, Integer> summary() {
        var counts = new TreeMap<String, Integer>();
        counts.put("acknowledged", acknowledged);
        counts.put("failures", failures);
        counts.put("flips", flipsCommitted);
        counts.put("snapshots", snapshots.size());
        return counts;
    }
}
