package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.ChunkId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Random histories of one group, with crashes, lost connections and new epochs, against what a
/// client may believe: an acknowledged write is on every serving replica and never lost or
/// overtaken by an older one; a read returns what was acknowledged, or a write under way, and never
/// goes back; at rest all replicas are equal.
@NullUnmarked
class ReplicaWorldTest {
    private static final int BLOCKS = 4;

    @Property(seed = "26", tries = 1500, shrinking = ShrinkingMode.OFF)
    void replicasKeepWhatWasAcknowledged(
            @ForAll @LongRange(min = 1, max = Integer.MAX_VALUE) long seed) {
        new Run(seed, true).run(600);
    }

    @Property(seed = "26", tries = 100, shrinking = ShrinkingMode.OFF)
    void withoutFaultsEveryWriteIsAnsweredOk(
            @ForAll @LongRange(min = 1, max = Integer.MAX_VALUE) long seed) {
        var run = new Run(seed, false);
        run.run(300);
        run.refusals.remove(Outcome.OVERLOADED); // the bounds are tiny
        assertEquals(Set.of(), run.refusals, "without faults nothing is refused");
    }

    /// Once failed: a backup did not hear what was committed, and kept its tail until the next
    /// write.
    @Test
    void whatIsCommittedIsToldAgainInANewEpoch() {
        new Run(5395, true).run(600);
    }

    /// Once failed: one of two that were last showed what it alone had, and then the other one led.
    @Test
    void whatWasNeverAcknowledgedIsNotShownWhileAnotherMayLead() {
        new Run(1395979846, true, 0, true).run(600);
        var world = new Run(1, false).world;
        ReplicaWorld.Node node = java.util.Objects.requireNonNull(world.nodes.get(1));
        node.disk.position = new io.coppice.model.Position(1, 9);
        node.start();
        GroupReplica replica = java.util.Objects.requireNonNull(node.replica);
        replica.view(view(5, GroupView.State.LAST));
        assertEquals(GroupView.State.LAST, replica.view().stateOf(2));
        assertTrue(replica.isServingPrimary());
        assertTrue(!replica.mayShowWhatItHolds());
        replica.view(view(6, GroupView.State.SYNCING));
        assertTrue(!replica.mayShowWhatItHolds(), "it may be LAST again");
        replica.view(view(7, GroupView.State.SERVING));
        assertTrue(replica.mayShowWhatItHolds());
    }

    /// Histories that once failed: a new primary never synced the FUA writes that it had adopted.
    @Test
    void aNewPrimaryFinishesDurableWritesOfTheOldOne() {
        new Run(1904, true).run(600);
        new Run(463177583, true).run(600);
    }

    /// Once failed: a sync from before a replica caught up passed for one of what it had fetched.
    @Test
    void aSyncFromBeforeCatchingUpDoesNotCount() {
        new Run(152276, true).run(600);
    }

    /// The quorum may have counted it before the primary hears of it.
    @Test
    void aMemberThatSaidItIsReadyCountsForEveryAnswer() {
        new Run(1878940838, true).run(600);
    }

    /// Once failed with one tick: a replica may hear what is committed only at the second.
    @Test
    void tailsAreTrimmedAtRest() {
        new Run(185545, true).run(600);
    }

    @Test
    void aFlushIsAnsweredOnlyWhileEnoughServe() {
        var world = new Run(1, false).world;
        GroupReplica replica = java.util.Objects.requireNonNull(world.nodes.get(1).replica);
        replica.view(view(replica.epoch() + 1, GroupView.State.LAST));
        assertEquals(Outcome.OK, replica.servesIn(replica.epoch()));
        assertEquals(Outcome.NOT_SERVING, replica.flushesIn(replica.epoch()));
        replica.view(view(replica.epoch() + 1, GroupView.State.SERVING));
        assertEquals(Outcome.OK, replica.flushesIn(replica.epoch()));
    }

    private static GroupView view(long epoch, GroupView.State second) {
        return new GroupView(
                ReplicaWorld.GROUP,
                epoch,
                List.of(
                        new GroupView.Member(1, GroupView.State.SERVING),
                        new GroupView.Member(2, second),
                        new GroupView.Member(3, GroupView.State.DOWN)));
    }

    /// Counts references, so that a leak shows.
    private static final class CountedPayload implements Payload {
        private int references = 1;

        @Override
        public int bytes() {
            return 1;
        }

        @Override
        public Payload kept() {
            retain();
            return this;
        }

        @Override
        public void retain() {
            assertTrue(references > 0, "retained after the last release");
            references++;
        }

        @Override
        public void release() {
            references--;
            assertTrue(references >= 0, "released once too often");
        }
    }

    record Write(
            long sequence,
            long chunk,
            long from,
            boolean create,
            int block,
            int value,
            boolean zero,
            boolean fua)
            implements Ticket {}

    private record Read(long chunk, int block, Set<Integer> allowed) implements Ticket {}

    /// Stands for "not mapped" among the values.
    private static final int HOLE = 0;

    static final class Run implements ReplicaWorld.Callers {
        final ReplicaWorld world;
        private final Random random;
        private final boolean faults;
        private final boolean cuts;
        final Map<Long, Write> underWay = new TreeMap<>();

        /// Value of each block as acknowledged (or as some read has shown), by chunk.
        private final Map<Long, int[]> expected = new TreeMap<>();

        private final Set<Long> unborn = new HashSet<>();
        private final Map<Long, Long> parents = new HashMap<>();
        private final Set<Long> frozen = new HashSet<>();
        private final Set<Long> purging = new HashSet<>();
        private final Set<Read> reads = Collections.newSetFromMap(new IdentityHashMap<>());
        final Set<Outcome> refusals = new HashSet<>();
        private final Map<Ticket, Outcome> lastRefusal = new HashMap<>();
        private final List<CountedPayload> payloads = new ArrayList<>();
        private long lastSequence;
        private long lastChunk;
        private int lastValue;

        Run(long seed, boolean faults) {
            this(seed, faults, 0);
        }

        Run(long seed, boolean faults, int slow) {
            this(seed, faults, slow, false);
        }

        Run(long seed, boolean faults, int slow, boolean cuts) {
            this.faults = faults;
            this.cuts = cuts;
            var limits =
                    new ReplicaLimits(2, seed % 7 == 0, 8, 1_000, 16, 1_000, 2, 4, 4, 1_024, slow);
            world = new ReplicaWorld(seed, limits, this);
            random = world.random;
            settle();
        }

        void run(int steps) {
            for (int i = 0; i < steps; i++) {
                act(random.nextInt(100));
                for (int deliveries = random.nextInt(6); deliveries > 0; deliveries--) {
                    world.step();
                    world.checkVersions();
                }
            }
            rest();
            check();
        }

        /// A client that writes and retries while time passes.
        void writeAndTick(int ticks) {
            for (int tick = 0; tick < ticks; tick++) {
                if (underWay.isEmpty()) {
                    born(0);
                    write();
                }
                List.copyOf(underWay.values()).forEach(this::send);
                settle();
                world.tick();
                settle();
            }
        }

        private void act(int dice) {
            if (dice < 35) {
                write();
            } else if (dice < 50) {
                read();
            } else if (dice < 62) {
                retry();
            } else if (dice < 66) {
                purge();
            } else if (dice < 80) {
                world.tick();
            } else if (faults && dice < 84) {
                world.crash(1 + random.nextInt(ReplicaWorld.STORES));
            } else if (faults && dice < 92) {
                world.restart(1 + random.nextInt(ReplicaWorld.STORES));
            } else if (cuts && dice < 94) {
                world.cutOff = random.nextInt(ReplicaWorld.STORES + 1);
            } else if (faults && dice < (cuts ? 97 : 95)) {
                world.breakLink(
                        1 + random.nextInt(ReplicaWorld.STORES),
                        1 + random.nextInt(ReplicaWorld.STORES));
            } else if (faults && dice >= 97) {
                world.deaf = random.nextInt(ReplicaWorld.STORES + 1);
            }
        }

        // ------------------------------------------------------------ clients

        private void write() {
            long chunk = pick();
            if (chunk == 0 || random.nextInt(6) == 0) {
                chunk = born(random.nextBoolean() ? derivable() : 0);
            }
            int block = random.nextInt(BLOCKS);
            if (frozen.contains(chunk) || purging.contains(chunk) || isBusy(chunk, block)) {
                return;
            }
            boolean unbornYet = unborn.contains(chunk);
            long from = unbornYet ? parents.getOrDefault(chunk, 0L) : 0;
            boolean zero = random.nextInt(5) == 0;
            var write =
                    new Write(
                            ++lastSequence,
                            chunk,
                            from,
                            unbornYet && from == 0,
                            block,
                            zero ? HOLE : ++lastValue,
                            zero,
                            random.nextInt(8) == 0);
            underWay.put(write.sequence, write);
            reads.stream()
                    .filter(read -> read.chunk == write.chunk && read.block == write.block)
                    .forEach(read -> read.allowed.add(write.value));
            send(write);
        }

        private long pick() {
            var chunks = new ArrayList<>(expected.keySet());
            return chunks.isEmpty() || (chunks.size() < 3 && random.nextBoolean())
                    ? 0
                    : chunks.get(random.nextInt(chunks.size()));
        }

        private long born(long parent) {
            // ids are leased in ranges: a child's may be below its parent's
            long id =
                    ChunkId.of(
                                    ReplicaWorld.GROUP,
                                    ++lastChunk % 2 == 0 ? 1_000 - lastChunk : 1_000 + lastChunk)
                            .value();
            int[] blocks = parent == 0 ? new int[BLOCKS] : expected.get(parent).clone();
            expected.put(id, blocks);
            unborn.add(id);
            if (parent != 0) {
                parents.put(id, parent);
                frozen.add(parent);
            }
            return id;
        }

        private long derivable() {
            List<Long> still =
                    expected.keySet().stream()
                            .filter(chunk -> !unborn.contains(chunk) && !purging.contains(chunk))
                            .filter(chunk ->
                                    underWay.values().stream()
                                            .noneMatch(write -> write.chunk == chunk))
                            .toList();
            return still.isEmpty() ? 0 : still.get(random.nextInt(still.size()));
        }

        private boolean isBusy(long chunk, int block) {
            return underWay.values().stream()
                    .anyMatch(write ->
                            write.chunk == chunk
                                    && (write.block == block || (write.from != 0 || write.create)));
        }

        private void retry() {
            if (!underWay.isEmpty()) {
                var all = new ArrayList<>(underWay.values());
                send(all.get(random.nextInt(all.size())));
            }
        }

        /// Old connections deliver late: each message takes one of several ways.
        private void send(Write write) {
            GroupView view = world.view();
            int to = view.primary();
            if (to == 0) {
                return;
            }
            int way = 20 + random.nextInt(3);
            world.post(
                    9,
                    to,
                    way,
                    () -> {
                        ReplicaWorld.Node node = world.nodes.get(to);
                        node.onReplica(replica -> {
                            Change change =
                                    write.zero
                                            ? Change.zero(
                                                    write.chunk,
                                                    write.from,
                                                    write.create,
                                                    write.block,
                                                    1)
                                            : Change.write(
                                                    write.chunk,
                                                    write.from,
                                                    write.create,
                                                    write.block,
                                                    1,
                                                    new int[] {write.value},
                                                    payload());
                            replica.write(
                                    write,
                                    view.epoch(),
                                    change,
                                    new Origin(1, 1, 1, 77, write.sequence, write.fua));
                        });
                    });
        }

        private Payload payload() {
            var payload = new CountedPayload();
            payloads.add(payload);
            return payload;
        }

        private void read() {
            long chunk = pick();
            GroupView view = world.view();
            if (chunk == 0
                    || unborn.contains(chunk)
                    || purging.contains(chunk)
                    || view.primary() == 0) {
                return;
            }
            int block = random.nextInt(BLOCKS);
            var read = new Read(chunk, block, new HashSet<>(Set.of(expected.get(chunk)[block])));
            underWay.values().stream()
                    .filter(write -> write.chunk == chunk && write.block == block)
                    .forEach(write -> read.allowed.add(write.value));
            reads.add(read);
            world.post(
                    9,
                    view.primary(),
                    30,
                    () ->
                            world.nodes
                                    .get(view.primary())
                                    .onReplica(replica ->
                                            replica.read(
                                                    read, view.epoch(), chunk, block, 1, false)));
        }

        private void purge() {
            List<Long> idle =
                    expected.keySet().stream()
                            .filter(chunk -> !unborn.contains(chunk) && !purging.contains(chunk))
                            .filter(chunk ->
                                    underWay.values().stream()
                                            .noneMatch(write ->
                                                    write.chunk == chunk || write.from == chunk))
                            .filter(chunk ->
                                    unborn.stream()
                                            .noneMatch(child -> chunk.equals(parents.get(child))))
                            .toList();
            if (!idle.isEmpty() && expected.size() > 4) {
                purging.add(idle.get(random.nextInt(idle.size())));
                pushPurges();
            }
        }

        private void pushPurges() {
            int to = world.view().primary();
            if (to != 0 && !purging.isEmpty()) {
                long[] chunks = purging.stream().mapToLong(Long::longValue).toArray();
                world.post(
                        0,
                        to,
                        0,
                        () -> world.nodes.get(to).onReplica(replica -> replica.purge(chunks)));
            }
        }

        // ------------------------------------------------------------ what the group says

        @Override
        public void answered(Ticket ticket, Outcome outcome, ReplicaWorld.Node by) {
            if (ticket instanceof Read read) {
                reads.remove(read);
                return; // refused: its chunk may have been purged
            }
            if (outcome != Outcome.OK) {
                refusals.add(outcome);
                lastRefusal.put(ticket, outcome);
                assertTrue(outcome != Outcome.TOO_OLD, "a request was forgotten");
                return;
            }
            Write write = (Write) ticket;
            if (underWay.remove(write.sequence) == null) {
                return; // a second answer to a retry
            }
            GroupReplica replica = java.util.Objects.requireNonNull(by.replica);
            for (GroupView.Member member : replica.view().members()) {
                boolean is = member.state() == GroupView.State.SERVING;
                if (is && world.nodes.get(member.store()).replica != null) {
                    Integer held =
                            world.nodes.get(member.store()).disk.written(write.chunk, write.block);
                    assertEquals(
                            write.value,
                            held == null ? HOLE : held,
                            "R2: store " + member.store() + " lacks " + write);
                }
            }
            confirm(write.chunk, write.block, write.value);
            unborn.remove(write.chunk);
        }

        private void confirm(long chunk, int block, int value) {
            expected.get(chunk)[block] = value;
            reads.stream()
                    .filter(read -> read.chunk == chunk && read.block == block)
                    .forEach(read -> read.allowed.add(value));
        }

        @Override
        public void read(Ticket ticket, ReplicaWorld.Node by) {
            Read read = (Read) ticket;
            reads.remove(read);
            Integer held = by.disk.current(read.chunk, read.block);
            int value = held == null ? HOLE : held;
            if (purging.contains(read.chunk) || !expected.containsKey(read.chunk)) {
                return;
            }
            assertTrue(read.allowed.contains(value), () -> "R4: read " + value + " of " + read);
            if (isUnderWay(read, value)) {
                confirm(read.chunk, read.block, value); // what was seen once may not vanish
            }
        }

        private boolean isUnderWay(Read read, int value) {
            return underWay.values().stream()
                    .anyMatch(write ->
                            write.chunk == read.chunk
                                    && write.block == read.block
                                    && write.value == value);
        }

        @Override
        public void purged(long[] chunks) {
            for (long chunk : chunks) {
                purging.remove(chunk);
                expected.remove(chunk);
            }
        }

        @Override
        public void barrierPassed(long barrier) {}

        // ------------------------------------------------------------ the end

        private void settle() {
            while (world.step()) {}
        }

        /// Everybody comes back, everything is delivered and retried until all is done.
        void rest() {
            world.cutOff = 0;
            world.deaf = 0;
            for (int round = 0; round < 1_000; round++) {
                for (int store = 1; store <= ReplicaWorld.STORES; store++) {
                    world.restart(store);
                }
                settle();
                world.tick();
                settle();
                if (world.allServe() && underWay.isEmpty() && purging.isEmpty()) {
                    // what one tick brings about, the next may have to tell
                    for (int i = 0; i < 2; i++) {
                        world.tick();
                        settle();
                    }
                    return;
                }
                List.copyOf(underWay.values()).forEach(this::send);
                pushPurges();
            }
            throw new AssertionError(
                    "no rest: "
                            + world.view()
                            + ", under way "
                            + underWay
                            + ", refused "
                            + lastRefusal
                            + ", roles "
                            + world.nodes.values().stream().map(Run::role).toList());
        }

        private static @Nullable String role(ReplicaWorld.Node node) {
            GroupReplica replica = node.replica;
            return replica == null
                    ? null
                    : replica.roleName() + "@" + replica.epoch() + " last " + replica.last();
        }

        void check() {
            Map<Long, Map<Integer, Integer>> content = world.nodes.get(1).disk.content();
            for (ReplicaWorld.Node node : world.nodes.values()) {
                assertEquals(content, node.disk.content(), "store " + node.store + " differs");
                assertEquals(
                        0,
                        java.util.Objects.requireNonNull(node.replica).tailSize(),
                        "the tail is trimmed");
            }
            if (!faults) {
                assertTrue(
                        payloads.stream().allMatch(payload -> payload.references == 0),
                        "payloads leak");
            }
            expected.forEach((chunk, blocks) -> {
                if (!unborn.contains(chunk)) {
                    var held = new int[BLOCKS];
                    content.get(chunk).forEach((block, value) -> held[block] = value);
                    assertEquals(Arrays.toString(blocks), Arrays.toString(held), "chunk " + chunk);
                }
            });
        }
    }
}
