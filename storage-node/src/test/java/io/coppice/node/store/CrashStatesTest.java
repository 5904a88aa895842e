package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/// All short histories of a store, each ended by a power loss that leaves any subset of the writes
/// that were not synced, in whatever order the device had made them: small spaces, searched whole
/// (after CrashMonkey, Mohan et al., OSDI 2018).
///
/// What must hold in every state that a crash may leave: the store opens; a block holds what was
/// last synced or something written later, whole; or it says that it is damaged, which it may only
/// where a write that was not synced went to that block; chunks are there unless they were purged;
/// and the store goes on working.
@NullUnmarked
final class CrashStatesTest {
    /// More survivors than that are drawn at random.
    private static final int SUBSETS_MAX = 64;

    private static final int BLOCKS = 3;
    private static final long DAMAGED = -1;

    private enum Step {
        WRITE_SAME,
        WRITE_OTHER,
        ZERO,
        DERIVE,
        WRITE_DERIVED,
        PURGE_PARENT,
        COMMIT,
        FLUSH
    }

    /// What each block of a chunk may hold after a crash, the newest last; 0 is "not mapped".
    private static final class Expected {
        final Map<Long, List<Set<Long>>> blocks = new HashMap<>();

        /// Chunks that may, but need not, be there.
        final Set<Long> uncertain = new HashSet<>();

        void put(long chunk, int block, long tag) {
            blocks.get(chunk).get(block).add(tag);
        }
    }

    private static final class History {
        final StoreFixture at = new StoreFixture(StoreFixture.TINY);
        final long parent = StoreFixture.chunk(1, 1);
        final long child = StoreFixture.chunk(1, 2);

        /// Content by chunk as of now, and as of the last sync.
        final Map<Long, long[]> now = new HashMap<>();

        Map<Long, long[]> synced = new HashMap<>();
        final Expected expected = new Expected();
        long tag = 1;

        History() throws IOException {
            write(parent, 0, 0, 2);
            flush();
        }

        void run(Step step) throws IOException {
            switch (step) {
                case WRITE_SAME -> write(now.containsKey(parent) ? parent : child, 0, 0, 1);
                case WRITE_OTHER -> write(now.containsKey(parent) ? parent : child, 0, 1, 2);
                case ZERO -> zero();
                case DERIVE -> {
                    if (now.containsKey(parent) && !now.containsKey(child)) {
                        write(child, parent, 1, 1);
                    }
                }
                case WRITE_DERIVED -> {
                    if (now.containsKey(child)) {
                        write(child, 0, 0, 2);
                    }
                }
                case PURGE_PARENT -> {
                    at.store.purge(1, at.next(), new long[] {parent});
                    now.remove(parent);
                    expected.uncertain.add(parent);
                }
                case COMMIT -> at.store.commitBatch();
                case FLUSH -> flush();
            }
        }

        private void write(long chunk, long from, int first, int count) {
            if (!now.containsKey(chunk) && from == 0 && chunk == child) {
                return; // there is nothing left to write to
            }
            var tags = new long[count];
            long[] content = change(chunk, from);
            for (int i = 0; i < count; i++) {
                tags[i] = content[first + i] = tag++;
                expected.put(chunk, first + i, tags[i]);
            }
            at.write(chunk, from, first, tags);
        }

        private void zero() {
            if (now.containsKey(parent)) {
                change(parent, 0)[0] = 0;
                expected.put(parent, 0, 0);
                at.zero(parent, 0, 0, 1);
            }
        }

        private long[] change(long chunk, long from) {
            if (!now.containsKey(chunk)) {
                now.put(chunk, from == 0 ? new long[BLOCKS] : now.get(from).clone());
                var sets = new ArrayList<Set<Long>>();
                for (int i = 0; i < BLOCKS; i++) {
                    // it begins as what its parent may be
                    sets.add(
                            from == 0
                                    ? new HashSet<>(Set.of(0L))
                                    : new HashSet<>(expected.blocks.get(from).get(i)));
                }
                expected.blocks.put(chunk, sets);
                expected.uncertain.add(chunk);
            }
            return now.get(chunk);
        }

        private void flush() throws IOException {
            at.sync();
            synced = new HashMap<>();
            now.forEach((chunk, content) -> synced.put(chunk, content.clone()));
            expected.blocks.keySet().retainAll(now.keySet());
            expected.uncertain.clear();
            now.forEach((chunk, content) -> {
                for (int i = 0; i < BLOCKS; i++) {
                    expected.blocks.get(chunk).get(i).clear();
                    expected.put(chunk, i, content[i]);
                }
            });
        }
    }

    private long states;
    private long damaged;
    private long lost;

    @Test
    void everySubsetOfUnsyncedWritesLeavesAStoreThatKeepsWhatWasFlushed() throws IOException {
        int longest = Integer.getInteger("coppice.crash.steps", 3);
        extend(new ArrayList<>(), longest);
        assertTrue(states > 5_000, () -> states + " crash states");
        assertTrue(damaged > 0, "no crash tore a block that something valid followed");
        assertTrue(lost > 0, "no crash lost anything that was not synced");
    }

    private void extend(List<Step> steps, int longest) throws IOException {
        if (!steps.isEmpty()) {
            crashes(steps);
        }
        if (steps.size() < longest) {
            for (Step step : Step.values()) {
                steps.addLast(step);
                extend(steps, longest);
                steps.removeLast();
            }
        }
    }

    /// Writes are pending since the last sync only, so shorter histories cover earlier boundaries.
    private void crashes(List<Step> steps) throws IOException {
        int pending = pending(steps);
        var random = new Random(steps.hashCode());
        boolean all = pending < 6;
        int count = all ? 1 << pending : SUBSETS_MAX;
        for (int i = 0; i < count; i++) {
            crash(steps, all ? i : random.nextLong(), random);
        }
    }

    private static int pending(List<Step> steps) throws IOException {
        History history = replay(steps);
        return (int) (history.at.disk.order() - history.at.disk.firstPending());
    }

    private static History replay(List<Step> steps) throws IOException {
        var history = new History();
        for (Step step : steps) {
            history.run(step);
        }
        history.at.store.commitBatch();
        return history;
    }

    private void crash(List<Step> steps, long survivors, Random random) throws IOException {
        History history = replay(steps);
        MemoryDisk disk = history.at.disk;
        long first = disk.firstPending();
        long torn = random.nextInt(3) == 0 ? first + random.nextInt(8) : Long.MAX_VALUE;
        disk.crash(
                order -> order != torn && (survivors >>> (order - first) & 1) != 0,
                torn,
                random.nextInt(5000));
        String where = steps + ", survivors " + Long.toBinaryString(survivors) + ", torn " + torn;
        try {
            history.at.reopen();
            check(history, where);
        } catch (IOException | RuntimeException | AssertionError e) {
            throw new AssertionError(where + ": " + e.getMessage(), e);
        }
        states++;
    }

    private void check(History history, String where) throws IOException {
        for (var entry : history.expected.blocks.entrySet()) {
            long chunk = entry.getKey();
            if (!history.at.store.contains(chunk)) {
                assertTrue(history.expected.uncertain.contains(chunk), "chunk " + chunk + " lost");
                lost++;
                continue;
            }
            long[] found = history.at.read(chunk);
            for (int i = 0; i < BLOCKS; i++) {
                Set<Long> allowed = entry.getValue().get(i);
                if (found[i] == DAMAGED) {
                    assertTrue(allowed.size() > 1, "block " + i + " of " + chunk + " damaged");
                    damaged++;
                } else {
                    assertTrue(allowed.contains(found[i]), "block " + i + " holds " + found[i]);
                    lost += found[i] == history.now.getOrDefault(chunk, found)[i] ? 0 : 1;
                }
            }
        }
        history.at.checkCounts();
        goesOn(history, where);
    }

    private static void goesOn(History history, String where) throws IOException {
        long fresh = StoreFixture.chunk(1, 9);
        history.at.write(fresh, 0, 0, 77);
        history.at.sync();
        history.at.disk.crash(Long.MIN_VALUE, 0);
        history.at.reopen();
        assertEquals(77, history.at.read(fresh)[0], where);
    }
}
