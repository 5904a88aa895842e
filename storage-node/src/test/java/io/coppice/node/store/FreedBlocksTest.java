package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// How many blocks would go is how many do.
final class FreedBlocksTest {
    private static final int GROUP = 1;
    private static final FreedBlocks.At BEGINNING = new FreedBlocks.At(0, 0);

    private static long chunk(long number) {
        return StoreFixture.chunk(GROUP, number);
    }

    private static long freed(StoreFixture at, int looksMax, List<Long> chunks) {
        long[] sorted = chunks.stream().mapToLong(Long::longValue).sorted().toArray();
        long sum = 0;
        FreedBlocks.At next = BEGINNING;
        for (int page = 0; next != null; page++) {
            assertTrue(page < 10_000, "it goes on and on");
            FreedBlocks.Page counted =
                    FreedBlocks.count(
                            at.store, at.config.blocksPerChunk(), looksMax, GROUP, sorted, next);
            sum += counted.blocks();
            next = counted.next();
        }
        return sum;
    }

    private static Set<Long> places(StoreFixture at, List<Long> chunks) {
        Set<Long> places = new HashSet<>();
        for (long chunk : chunks) {
            for (long place : at.store.places(chunk)) {
                places.add(place);
            }
        }
        places.remove(Location.NONE);
        return places;
    }

    @Test
    void aSharedBlockGoesWithTheLastThatHasIt() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        long a = chunk(1);
        long b = chunk(2);
        long c = chunk(3);
        at.write(a, 0, 0, 1, 2, 3, 4);
        at.write(b, a, 0, 9);
        at.write(c, a, 3, 8, 7);
        assertEquals(0, freed(at, 1000, List.of(a)));
        assertEquals(1, freed(at, 1000, List.of(b)));
        assertEquals(2, freed(at, 1000, List.of(c)));
        assertEquals(3, freed(at, 1000, List.of(b, c)));
        // a's first block is in c, its last in b.
        assertEquals(2, freed(at, 1000, List.of(a, b)));
        assertEquals(7, freed(at, 1000, List.of(a, b, c, chunk(77))));
        // Whatever marks the tables carry of what is gone.
        at.store.purge(GROUP, at.next(), new long[] {c});
        assertEquals(1, freed(at, 1000, List.of(a)));
        at.store.purge(GROUP, at.next(), new long[] {b});
        assertEquals(4, freed(at, 1000, List.of(a)));
        assertEquals(0, freed(at, 1000, List.of()));
    }

    @Test
    void itIsWhatTheOthersDoNotHold() throws IOException {
        var large = StoreConfig.defaults().withChunkBytes(1 << 20).withSegmentBytes(4 << 20);
        for (long seed = 0; seed < 12; seed++) {
            var random = new Random(seed);
            var at = new StoreFixture(seed % 2 == 0 ? StoreFixture.TINY : large);
            var held = new ArrayList<Long>();
            for (int step = 0; step < 300; step++) {
                change(at, random, held, step);
            }
            for (int i = 0; i < 10; i++) {
                var going = held.stream().filter(chunk -> random.nextInt(3) > 0).toList();
                var staying = held.stream().filter(chunk -> !going.contains(chunk)).toList();
                Set<Long> expected = places(at, going);
                expected.removeAll(places(at, staying));
                assertEquals(expected.size(), freed(at, 1 << 20, going), "seed " + seed);
                assertEquals(expected.size(), freed(at, 1, going), "in small pages");
            }
        }
    }

    private static void change(StoreFixture at, Random random, List<Long> held, int step)
            throws IOException {
        int what = random.nextInt(20);
        long some = held.isEmpty() ? 0 : held.get(random.nextInt(held.size()));
        int first = random.nextInt(at.config.blocksPerChunk() - 3);
        if (some == 0 || what < 2) {
            at.write(chunk(step + 1), 0, first, step, step, step);
            held.add(chunk(step + 1));
        } else if (what < 8) {
            at.write(chunk(step + 1), some, first, step);
            held.add(chunk(step + 1));
        } else if (what < 15) {
            at.write(some, 0, first, step, step);
        } else if (what < 17) {
            at.zero(some, 0, first, 2);
        } else if (what < 19 && held.size() > 3) {
            at.store.purge(GROUP, at.next(), new long[] {some});
            held.remove(some);
        } else if (what == 19) {
            at.sync();
            at.checkpoint();
            at.clean();
            if (random.nextInt(4) == 0) {
                at.sync();
                at.reopen();
            }
        }
    }
}
