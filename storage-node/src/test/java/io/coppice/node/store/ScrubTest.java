package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What the scrub finds, against reading every block of every chunk.
final class ScrubTest {
    private static final long A = StoreFixture.chunk(1, 1);

    /// Chunks in families over several segments, with garbage, and no record in any cache.
    private static StoreFixture filled(Random random) throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        for (int i = 0; i < 60; i++) {
            int first = random.nextInt(8);
            var tags = new long[1 + random.nextInt(8)];
            for (int k = 0; k < tags.length; k++) {
                tags[k] = 100L * i + k + 1;
            }
            long chunk = A + random.nextInt(20);
            long parent = A + random.nextInt(20);
            boolean derive = !at.store.contains(chunk) && at.store.contains(parent);
            at.write(chunk, derive ? parent : 0, first, tags);
        }
        at.sync();
        at.checkpoint(); // so that opening it reads no log, and judges no damage
        at.reopen();
        return at;
    }

    private static Set<Scrub.Damage> byReading(StoreFixture at) throws IOException {
        Set<Scrub.Damage> found = new HashSet<>();
        for (long chunk = A; chunk < A + 20; chunk++) {
            long[] tags = at.read(chunk);
            for (int i = 0; i < tags.length; i++) {
                if (tags[i] == -1) {
                    found.add(new Scrub.Damage(chunk, i));
                }
            }
        }
        return found;
    }

    private static void run(StoreFixture at, List<Scrub.Damage> found) throws IOException {
        while (at.store.scrub().isUnderWay()) {
            at.store.scrub().step(1, found::add);
        }
    }

    private static void flip(StoreFixture at, Random random) {
        List<String> names =
                at.disk.list().stream().filter(name -> name.startsWith(Segment.PREFIX)).toList();
        String name = names.get(random.nextInt(names.size()));
        int offset = 64 + random.nextInt(at.disk.bytes(name).length - 64);
        at.disk.flipBit(name, offset, random.nextInt(8));
    }

    @Test
    void itFindsWhatReadingEverythingFinds() throws IOException {
        int damages = 0;
        for (int seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            StoreFixture at = filled(random);
            for (int i = random.nextInt(6); i >= 0; i--) {
                flip(at, random);
            }
            List<Scrub.Damage> found = new ArrayList<>();
            at.store.scrub().begin();
            run(at, found);
            assertEquals(byReading(at), new HashSet<>(found), "seed " + seed);
            assertEquals(new HashSet<>(found).size(), found.size(), "told twice, seed " + seed);
            damages += found.size();
        }
        assertTrue(damages > 300, "only " + damages + " damaged blocks");
    }

    @Test
    void aPassGoesOnWhereTheLastProcessWas() throws IOException {
        int half = 0; // unless damage was found and not looked up yet
        for (int seed = 0; seed < 50; seed++) {
            var random = new Random(seed);
            StoreFixture at = filled(random);
            for (int i = 0; i < 5; i++) {
                flip(at, random);
            }
            List<Scrub.Damage> found = new ArrayList<>();
            at.store.scrub().begin();
            long all = at.store.scrub().bytesLeft();
            while (at.store.scrub().bytesLeft() > all / 2) {
                at.store.scrub().step(1, found::add);
            }
            Scrub.Place place = at.store.scrub().place();
            at.reopen();
            at.store.scrub().resume(place);
            half += at.store.scrub().bytesLeft() <= all / 2 ? 1 : 0;
            List<Scrub.Damage> later = new ArrayList<>();
            run(at, later);
            assertTrue(later.size() <= byReading(at).size());
            found.addAll(later);
            assertEquals(byReading(at), new HashSet<>(found), "seed " + seed);
        }
        assertTrue(half > 5, half + " passes went on behind the middle");
    }

    @Test
    void aSegmentThatIsGoneIsDamageOfAllThatNamesIt() throws IOException {
        StoreFixture at = filled(new Random(1));
        at.disk.delete(Segment.name(1));
        at.reopen();
        List<Scrub.Damage> found = new ArrayList<>();
        at.store.scrub().begin();
        run(at, found);
        assertFalse(found.isEmpty());
        assertEquals(byReading(at), new HashSet<>(found));
    }

    @Test
    void aStoreWithNothingInItIsDoneAtOnce() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        at.store.scrub().begin();
        assertFalse(at.store.scrub().isUnderWay());
    }

    @Test
    void writesAndTheCleanerMayComeBetween() throws IOException {
        StoreFixture at = filled(new Random(3));
        List<Scrub.Damage> found = new ArrayList<>();
        at.store.scrub().begin();
        for (int i = 0; at.store.scrub().isUnderWay(); i++) {
            at.store.scrub().step(1, found::add);
            at.write(A + i % 20, 0, i % 4, 900 + i);
            at.store.commitBatch();
            at.store.cleanStep(64 << 10, true);
            if (i % 5 == 0) {
                at.checkpoint();
            }
            assertTrue(i < 10_000, "it never ends");
        }
        assertEquals(List.of(), found);
    }
}
