package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.model.Position;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SharedPlacesTest {
    private static final Position V1 = new Position(1, 1);
    private final SharedPlaces places = new SharedPlaces();
    private final Map<Long, Position> versions = new HashMap<>();

    private boolean holds(long chunk, Position version) {
        return version.equals(versions.get(chunk));
    }

    private long find(long place, int block) {
        return places.find(place, block, this::holds);
    }

    private void learn(long chunk, int from, int to, long place) {
        var blocks = new BitSet();
        blocks.set(from, to);
        var at = new long[64];
        for (int block = from; block < to; block++) {
            at[block] = place + block - from;
        }
        versions.put(chunk, V1);
        places.learn(chunk, V1, blocks, at);
    }

    @Test
    void whatCameFromAPlaceIsFoundThere() {
        places.of(2, 9);
        learn(7, 10, 20, 1_000);
        assertEquals(7, find(1_000, 10));
        assertEquals(7, find(1_009, 19));
        assertEquals(0, find(1_010, 20), "behind the run");
        assertEquals(0, find(999, 9), "before it");
        assertEquals(0, find(1_003, 14), "another block");
    }

    @Test
    void aChunkThatChangedOrIsGoneIsNoSource() {
        places.of(2, 9);
        learn(7, 0, 4, 50);
        versions.put(7L, new Position(1, 2));
        assertEquals(0, find(50, 0));
        versions.remove(7L);
        assertEquals(0, find(50, 0));
    }

    @Test
    void anotherStoreHasOtherPlaces() {
        places.of(2, 9);
        learn(7, 0, 4, 50);
        places.of(2, 9);
        assertEquals(7, find(50, 0));
        places.of(3, 9);
        assertEquals(0, find(50, 0));
    }

    @Test
    void theOldestAreForgotten() {
        places.of(2, 9);
        for (int i = 0; i <= SharedPlaces.RUNS_MAX; i++) {
            learn(i + 1, 0, 1, 10L * i);
        }
        assertEquals(0, find(0, 0));
        assertEquals(2, find(10, 0));
        assertEquals(SharedPlaces.RUNS_MAX + 1, find(10L * SharedPlaces.RUNS_MAX, 0));
    }

    @Test
    void agreesWithAPlainMap() {
        var random = new Random(1);
        Map<Long, Long> plain = new HashMap<>();
        places.of(1, 1);
        for (int i = 1; i < 300; i++) {
            int from = random.nextInt(60);
            int to = from + 1 + random.nextInt(64 - from - 1 + 1);
            long place = 100L * i;
            learn(i, from, Math.min(64, to), place);
            for (int block = from; block < Math.min(64, to); block++) {
                plain.put((place + block - from) * 64 + block, (long) i);
            }
        }
        for (long place = 0; place < 31_000; place += 1 + random.nextInt(3)) {
            for (int block = 0; block < 64; block++) {
                assertEquals(plain.getOrDefault(place * 64 + block, 0L), find(place, block));
            }
        }
    }
}
