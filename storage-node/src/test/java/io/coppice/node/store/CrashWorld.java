package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;

/// A volume of one slot, its snapshot and its clone on one store, as a replica writes them, and
/// what a crash may leave of them.
///
/// As in the cluster, a slot that is shared is written by deriving a chunk, which is synced before
/// the map names it; maps are durable at once (the quorum has them); a chunk that no map names any
/// more is purged. What must hold in every state that a crash may leave:
///
/// - the store opens, and goes on working;
/// - a block holds what was last synced or something written later, whole, and nothing else; or it
///   says that it is damaged, which it may only where a write that was not synced went to it;
/// - a chunk that a map names is there; one whose purge was synced is not;
/// - a derived chunk equals its parent in every block that was not written since;
/// - unless recovery says that it lost records, the store is exactly what it was at the position
///   that it reports: what a replica tells its group (R3, R7).
@NullUnmarked
final class CrashWorld {
    /// What happens to the volumes, then to the store. [#WRITE_HELD] does not reach the device
    /// before a later step, [#ORPHAN] is a derived chunk that no map will ever name.
    enum Step {
        WRITE,
        WRITE_CLONE,
        ZERO,
        TRIM,
        FLUSH,
        FUA,
        SNAPSHOT,
        CLONE,
        DELETE,
        DELETE_CLONE,
        WRITE_HELD,
        ORPHAN,
        CHECKPOINT,
        CLEAN,
        RESTART
    }

    /// Where a history begins.
    enum Start {
        /// Two blocks in a new store.
        FRESH,
        /// There is room for one block in the segment.
        NEAR_END,
        /// A checkpoint, and the volume's blocks in a segment that is nearly all garbage.
        SEALED,
        /// A snapshot, a clone and what was derived since, and little room.
        FAMILY
    }

    private static final int BLOCKS = 3;
    private static final long DAMAGED = -1;
    private static final int FILLERS = 28;
    private static final int GROUP = 1;
    private static final long FILLER = StoreFixture.chunk(GROUP, 1000);
    private static final long AFTERWARDS = StoreFixture.chunk(GROUP, 1001);

    /// A chunk that was derived, and which blocks of it, or of its parent, were written since.
    private record Derived(long parent, boolean[] written) {}

    final StoreFixture at;

    /// What the maps name; 0: no such volume.
    private long origin;

    private long clone;
    private long snapshot;
    private boolean originOwned;
    private boolean cloneOwned;
    private long nextChunk = 2;
    private long tag = 1;

    /// Content by chunk.
    private final Map<Long, long[]> now = new HashMap<>();

    /// What each block of a chunk may hold after a crash; 0 is "not mapped".
    private final Map<Long, List<Set<Long>>> allowed = new HashMap<>();

    /// Chunks that may, but need not, be there.
    private final Set<Long> uncertain = new HashSet<>();

    /// Chunks whose purge was synced.
    private final Set<Long> gone = new HashSet<>();

    private final Map<Long, Derived> derived = new HashMap<>();

    /// Content of all chunks at each position since the last sync.
    private final Map<Long, Map<Long, long[]>> positions = new HashMap<>();

    /// What the crash did, for the test that this test finds anything.
    boolean lost;

    boolean damaged;
    boolean suspect;

    CrashWorld(Start start) throws IOException {
        at = new StoreFixture(StoreFixture.TINY);
        origin = StoreFixture.chunk(GROUP, 1);
        originOwned = true;
        put(origin, 0, 2, true);
        if (start != Start.FRESH) {
            int fillers = start == Start.FAMILY ? FILLERS - 2 : FILLERS;
            for (int i = 0; i < fillers; i++) {
                at.write(FILLER, 0, 0, 1_000_000 + i);
            }
        }
        flush();
        if (start == Start.SEALED) {
            at.checkpoint();
        } else if (start == Start.FAMILY) {
            for (Step step : List.of(Step.SNAPSHOT, Step.CLONE, Step.WRITE, Step.WRITE_CLONE)) {
                run(step);
            }
        }
    }

    void run(Step step) throws IOException {
        switch (step) {
            case WRITE -> writeOrigin(0, 1, true);
            case WRITE_HELD -> held();
            case ORPHAN -> orphan();
            case WRITE_CLONE -> writeClone();
            case ZERO -> writeOrigin(0, 1, false);
            case TRIM -> writeOrigin(1, 2, false);
            case FLUSH -> flush();
            case FUA -> {
                writeOrigin(1, 1, true);
                flush();
            }
            case SNAPSHOT -> snapshot();
            case CLONE -> cloneVolume();
            case DELETE -> delete();
            case DELETE_CLONE -> deleteClone();
            case CHECKPOINT -> {
                at.checkpoint();
                allIsDurable();
            }
            case CLEAN -> at.clean();
            case RESTART -> {
                at.store.commitBatch();
                at.reopen();
                allIsDurable();
            }
        }
    }

    // ------------------------------------------------------------------ what volumes do

    private void writeOrigin(int first, int count, boolean data) throws IOException {
        if (origin == 0) {
            return;
        }
        long before = origin;
        origin = write(origin, originOwned, first, count, data);
        originOwned = true;
        purgeUnlessNamed(before);
    }

    private void writeClone() throws IOException {
        if (clone == 0) {
            return;
        }
        long before = clone;
        clone = write(clone, cloneOwned, 1, 1, true);
        cloneOwned = true;
        purgeUnlessNamed(before);
    }

    /// Returns the chunk that the map names afterwards.
    private long write(long chunk, boolean owned, int first, int count, boolean data)
            throws IOException {
        if (owned) {
            put(chunk, first, count, data);
            at.store.commitBatch();
            return chunk;
        }
        long fresh = StoreFixture.chunk(GROUP, nextChunk++);
        derive(fresh, chunk, first, count, data);
        flush(); // before the map names it
        return fresh;
    }

    private void held() {
        if (origin != 0 && originOwned) {
            put(origin, 1, 2, true);
        }
    }

    private void orphan() throws IOException {
        if (origin != 0) {
            derive(StoreFixture.chunk(GROUP, nextChunk++), origin, 1, 1, true);
            at.store.commitBatch();
        }
    }

    private void snapshot() throws IOException {
        if (origin != 0) {
            long before = snapshot;
            snapshot = origin;
            originOwned = false;
            purgeUnlessNamed(before);
        }
    }

    private void cloneVolume() throws IOException {
        if (origin != 0) {
            long before = clone;
            clone = origin;
            originOwned = false;
            cloneOwned = false;
            purgeUnlessNamed(before);
        }
    }

    private void delete() throws IOException {
        Set<Long> before = new HashSet<>(List.of(origin, snapshot));
        origin = 0;
        snapshot = 0;
        for (long chunk : before) {
            purgeUnlessNamed(chunk);
        }
    }

    private void deleteClone() throws IOException {
        long before = clone;
        clone = 0;
        purgeUnlessNamed(before);
    }

    private void purgeUnlessNamed(long chunk) throws IOException {
        if (chunk == 0 || chunk == origin || chunk == clone || chunk == snapshot) {
            return;
        }
        if (now.remove(chunk) == null) {
            return;
        }
        uncertain.add(chunk);
        var position = at.next();
        remember();
        at.store.purge(GROUP, position, new long[] {chunk});
        at.store.commitBatch();
    }

    // ------------------------------------------------------------------ what the store does

    private void derive(long chunk, long parent, int first, int count, boolean data) {
        now.put(chunk, now.get(parent).clone());
        var sets = new ArrayList<Set<Long>>();
        allowed.get(parent).forEach(set -> sets.add(new HashSet<>(set)));
        allowed.put(chunk, sets);
        uncertain.add(chunk);
        derived.put(chunk, new Derived(parent, new boolean[BLOCKS]));
        change(chunk, parent, first, count, data);
    }

    private void put(long chunk, int first, int count, boolean data) {
        if (!now.containsKey(chunk)) {
            now.put(chunk, new long[BLOCKS]);
            var sets = new ArrayList<Set<Long>>();
            for (int i = 0; i < BLOCKS; i++) {
                sets.add(new HashSet<>(Set.of(0L)));
            }
            allowed.put(chunk, sets);
        }
        change(chunk, 0, first, count, data);
    }

    private void change(long chunk, long parent, int first, int count, boolean data) {
        long[] content = now.get(chunk);
        for (int i = first; i < first + count; i++) {
            content[i] = data ? tag++ : 0;
            allowed.get(chunk).get(i).add(content[i]);
            for (var each : derived.entrySet()) {
                if (each.getKey() == chunk || each.getValue().parent == chunk) {
                    each.getValue().written[i] = true;
                }
            }
        }
        if (data) {
            at.write(chunk, parent, first, Arrays.copyOfRange(content, first, first + count));
        } else {
            at.zero(chunk, parent, first, count);
        }
        remember();
    }

    private void remember() {
        var copy = new HashMap<Long, long[]>();
        now.forEach((chunk, content) -> copy.put(chunk, content.clone()));
        positions.put(at.sequence, copy);
    }

    private void flush() throws IOException {
        at.sync();
        allIsDurable();
    }

    private void allIsDurable() {
        for (long chunk : List.copyOf(allowed.keySet())) {
            if (!now.containsKey(chunk)) {
                allowed.remove(chunk);
                gone.add(chunk);
            }
        }
        uncertain.clear();
        now.forEach((chunk, content) -> {
            for (int i = 0; i < BLOCKS; i++) {
                Set<Long> set = allowed.get(chunk).get(i);
                set.clear();
                set.add(content[i]);
            }
        });
        positions.clear();
        remember();
    }

    // ------------------------------------------------------------------ after the crash

    /// Opens what `crashed`, a disk after a power loss, has, and verifies it. This world itself
    /// does not change, but for what the crash did.
    void verify(MemoryDisk crashed) throws IOException {
        var after = new StoreFixture(StoreFixture.TINY, crashed);
        suspect = after.report.suspect();
        Map<Long, long[]> found = read(after);
        for (long chunk : List.of(origin, clone, snapshot)) {
            assertTrue(chunk == 0 || found.containsKey(chunk), () -> "chunk " + chunk + " is lost");
        }
        for (long chunk : gone) {
            assertFalse(found.containsKey(chunk), () -> "chunk " + chunk + " is back");
        }
        for (long chunk : allowed.keySet()) {
            if (found.containsKey(chunk)) {
                verify(chunk, found.get(chunk));
            } else {
                assertTrue(uncertain.contains(chunk), () -> "chunk " + chunk + " is not there");
                lost = true;
            }
        }
        clonesEqualTheirOrigins(found);
        if (!suspect) {
            isWhatItWas(after, found);
        }
        after.checkCounts();
        goesOn(after, found);
    }

    private Map<Long, long[]> read(StoreFixture after) throws IOException {
        var found = new HashMap<Long, long[]>();
        Set<Long> all = new HashSet<>(allowed.keySet());
        all.addAll(gone);
        for (long chunk : all) {
            if (after.store.contains(chunk)) {
                found.put(chunk, Arrays.copyOf(after.read(chunk), BLOCKS));
            }
        }
        int fillers = after.store.contains(FILLER) ? 1 : 0;
        assertEquals(found.size() + fillers, after.store.chunkCount(), "chunks from nowhere");
        return found;
    }

    private void verify(long chunk, long[] content) {
        for (int i = 0; i < BLOCKS; i++) {
            Set<Long> may = allowed.get(chunk).get(i);
            String where = "block " + i + " of chunk " + chunk;
            if (content[i] == DAMAGED) {
                assertTrue(may.size() > 1, () -> where + " is damaged");
                damaged = true;
            } else {
                long holds = content[i];
                assertTrue(
                        may.contains(holds), () -> where + " holds " + holds + ", may hold " + may);
                lost |= now.containsKey(chunk) && holds != now.get(chunk)[i];
            }
        }
    }

    private void clonesEqualTheirOrigins(Map<Long, long[]> found) {
        derived.forEach((chunk, from) -> {
            long[] child = found.get(chunk);
            long[] parent = found.get(from.parent);
            if (child == null || parent == null) {
                return;
            }
            for (int i = 0; i < BLOCKS; i++) {
                if (!from.written[i]) {
                    assertEquals(parent[i], child[i], "derived block " + i + " of chunk " + chunk);
                }
            }
        });
    }

    private void isWhatItWas(StoreFixture after, Map<Long, long[]> found) {
        long position = after.store.position(GROUP).sequence();
        Map<Long, long[]> was = positions.get(position);
        assertTrue(was != null, () -> "at position " + position + " of " + positions.keySet());
        assertEquals(Objects.requireNonNull(was).keySet(), found.keySet(), "chunks at " + position);
        was.forEach((chunk, content) -> {
            for (int i = 0; i < BLOCKS; i++) {
                if (found.get(chunk)[i] != DAMAGED) {
                    assertEquals(
                            content[i],
                            found.get(chunk)[i],
                            "at position " + position + " block " + i + " of chunk " + chunk);
                }
            }
        });
    }

    /// What was recovered stays through another crash, and more can be written.
    private void goesOn(StoreFixture after, Map<Long, long[]> found) throws IOException {
        after.sequence = at.sequence;
        after.write(AFTERWARDS, 0, 0, 77);
        after.sync();
        after.disk.crash(Long.MIN_VALUE, 0);
        after.reopen();
        assertEquals(77, after.read(AFTERWARDS)[0]);
        for (var entry : found.entrySet()) {
            assertArrayEquals(
                    entry.getValue(), Arrays.copyOf(after.read(entry.getKey()), BLOCKS), "later");
        }
    }
}
