package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Blocks;
import io.coppice.node.format.RecordHeader;
import io.coppice.node.format.RecordKind;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Space on disk and in memory.
final class SpaceTest {
    private static final long A = StoreFixture.chunk(1, 1);

    @Test
    void purgedChunksGiveTheirFilesBack() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        for (int chunk = 0; chunk < 40; chunk++) {
            at.write(A + chunk, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
        }
        at.sync();
        long full = at.store.usedBytes();
        at.store.purge(1, at.next(), java.util.stream.LongStream.range(A, A + 40).toArray());
        at.checkpoint();
        assertTrue(at.store.usedBytes() < 1024, "of " + full + " are left " + at.store.usedBytes());
        assertEquals(0, segments(at));
        assertEquals(0, at.store.reclaimableBytes());
        at.reopen();
        assertEquals(0, at.store.chunkCount());
        at.write(A + 50, 0, 0, 1);
        at.sync();
        at.reopen();
        assertEquals(1, at.read(A + 50)[0]);
    }

    @Test
    void theCleanerGathersWhatIsLeft() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        for (int i = 0; i < 300; i++) {
            at.write(A + i, 0, 0, i + 1, i + 1000);
            at.write(A + i + 1000, A + i, 2, i + 5000);
        }
        for (int i = 0; i < 300; i++) {
            if (i % 7 != 0) {
                at.store.purge(1, at.next(), new long[] {A + i, A + i + 1000});
            }
        }
        at.sync();
        long before = segments(at);
        at.clean();
        at.checkCounts();
        at.checkpoint();
        assertTrue(segments(at) < before / 3, before + " segments became " + segments(at));
        at.reopen();
        at.checkCounts();
        for (int i = 0; i < 300; i += 7) {
            assertArrayEquals(new long[] {i + 1, i + 1000, 0}, Arrays.copyOf(at.read(A + i), 3));
            assertArrayEquals(
                    new long[] {i + 1, i + 1000, i + 5000},
                    Arrays.copyOf(at.read(A + i + 1000), 3));
        }
    }

    @Test
    void aDamagedBlockThatIsMovedStaysDamaged() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        at.write(A, 0, 0, 1);
        at.write(A, 0, 1, 2);
        for (int i = 0; i < 90; i++) {
            at.write(A + 1, 0, 3, i + 10);
        }
        at.sync();
        at.disk.flipBit(Segment.name(1), 64 + 128 + 77, 1);
        at.clean();
        at.checkpoint();
        assertTrue(at.disk.list().stream().noneMatch(Segment.name(1)::equals));
        assertArrayEquals(new long[] {-1, 2}, Arrays.copyOf(at.read(A), 2));
        at.reopen();
        assertArrayEquals(new long[] {-1, 2}, Arrays.copyOf(at.read(A), 2));
    }

    @Test
    void aFullStoreRefusesAndRecovers() throws IOException {
        var config = StoreFixture.TINY.withCapacityBytes(20 * (128L << 10));
        var at = new StoreFixture(config);
        boolean near = false;
        int chunk = 0;
        while (at.store.admission() != Admission.FULL) {
            near |= at.store.admission() == Admission.NEAR_FULL;
            at.write(A + chunk++, 0, 0, 1, 2, 3, 4);
            at.store.commitBatch();
        }
        assertTrue(near);
        assertTrue(at.store.usedBytes() < config.capacityBytes());
        assertEquals(1, at.read(A)[0]);
        at.store.purge(1, at.next(), java.util.stream.LongStream.range(A, A + chunk - 3).toArray());
        at.checkpoint();
        assertEquals(Admission.OPEN, at.store.admission());
    }

    /// The cleaner leaves room for what gives space back.
    @Test
    void aDeviceThatOthersFillDoesNotEndTheStore() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        for (int i = 0; i < 300; i++) {
            at.write(A + i, 0, 0, 1, 2, 3, 4);
        }
        for (int i = 0; i < 300; i++) {
            at.write(A + i, 0, 0, 5, 6);
        }
        at.sync();
        at.checkpoint();
        long used = at.store.usedBytes();
        at.disk.capacity = used + (128L << 10);
        at.store.refreshSpace();
        assertEquals(Admission.FULL, at.store.admission());
        int steps = 0;
        while (at.store.cleanStep(16 << 10, true)) {
            assertTrue(++steps < 1_000);
        }
        at.store.purge(1, at.next(), java.util.stream.LongStream.range(A, A + 200).toArray());
        at.checkpoint();
        assertTrue(at.store.usedBytes() < used / 2, "of " + used + ": " + at.store.usedBytes());
        at.disk.capacity = 1L << 40;
        at.store.refreshSpace();
        assertEquals(Admission.OPEN, at.store.admission());
        at.clean();
        at.checkpoint();
        assertEquals(5, at.read(A + 250)[0]);
    }

    @Test
    void aSmallStoreThatIsNearFullAsksForItsGarbage() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY.withCapacityBytes(12 * (128L << 10)));
        int chunk = 0;
        while (at.store.admission() == Admission.OPEN) {
            at.write(A + chunk++, 0, 0, 1, 2, 3, 4);
            at.store.commitBatch();
        }
        assertEquals(Admission.NEAR_FULL, at.store.admission());
        assertEquals(false, at.store.checkpointDue(), "nothing would be given back");
        at.store.purge(1, at.next(), java.util.stream.LongStream.range(A, A + chunk).toArray());
        assertTrue(at.store.checkpointDue());
        at.checkpoint();
        assertEquals(Admission.OPEN, at.store.admission());
    }

    @Test
    void aStoreThatCouldNeverTakeAChunkIsRefused() {
        long segment = 128L << 10;
        StoreFixture.TINY.withCapacityBytes(10 * segment);
        assertThrows(
                IllegalArgumentException.class,
                () -> StoreFixture.TINY.withCapacityBytes(10 * segment - 1));
    }

    @Test
    void overwritesForEverFitInABoundedStore() throws IOException {
        var config =
                StoreConfig.defaults()
                        .withChunkBytes(512 << 10)
                        .withSegmentBytes(1 << 20)
                        .withCapacityBytes(256 << 20);
        double amplification = overwrite(config, 80, 60_000);
        System.out.printf("write amplification at 80 %% full, random 4 KiB: %.2f%n", amplification);
        assertTrue(amplification < 3.7, "write amplification " + amplification);
    }

    @Test
    void overwritesForEverFitInANearlyFullStore() throws IOException {
        var config =
                StoreConfig.defaults()
                        .withChunkBytes(512 << 10)
                        .withSegmentBytes(1 << 20)
                        .withCapacityBytes(256 << 20);
        double amplification = overwrite(config, 93, 20_000);
        System.out.printf("write amplification at 93 %% full, random 4 KiB: %.2f%n", amplification);
    }

    /// Fills a store, overwrites blocks at random, never too fast for its cleaner, and reads all.
    private static double overwrite(StoreConfig config, int percent, int overwrites)
            throws IOException {
        var at = new StoreFixture(config);
        var random = new Random(1);
        int perChunk = config.blocksPerChunk();
        var tags = new long[(int) (config.capacityBytes() / 100 * percent / Blocks.BLOCK_BYTES)];
        for (int i = 0; i < tags.length; i++) {
            at.write(A + i / perChunk, 0, i % perChunk, tags[i] = i + 1);
            turn(at);
        }
        long written = at.disk.writtenBytes;
        for (int i = 0; i < overwrites; i++) {
            int block = random.nextInt(tags.length);
            tags[block] = 1_000_000 + i;
            at.write(A + block / perChunk, 0, block % perChunk, tags[block]);
            turn(at);
        }
        double amplification = (at.disk.writtenBytes - written) / (overwrites * 4096.0);
        at.checkCounts();
        at.sync();
        at.reopen();
        for (int block = 0; block < tags.length; block += perChunk) {
            long[] read = at.read(A + block / perChunk);
            int count = Math.min(perChunk, tags.length - block);
            assertArrayEquals(
                    Arrays.copyOfRange(tags, block, block + count), Arrays.copyOf(read, count));
        }
        return amplification;
    }

    private static void turn(StoreFixture at) throws IOException {
        if (at.sequence % 16 == 0) {
            at.store.commitBatch();
            Admission admission = at.store.admission();
            assertTrue(
                    admission == Admission.OPEN || admission == Admission.NEAR_FULL,
                    () -> "the cleaner fell behind: " + admission);
            int due = at.store.cleaningDue();
            if (due > 0) {
                at.store.cleanStep(due, false);
            }
            if (at.store.checkpointDue()) {
                at.checkpoint();
            }
        }
    }

    @Test
    void theCleanerWaitsForMoreGarbageWhileClientsAreServed() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        for (int i = 0; i < 300; i++) {
            at.write(A + i, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
        }
        for (int i = 0; i < 300; i++) {
            at.write(A + i, 0, 0, 9, 10, 11, 12);
        }
        at.sync();
        assertFalse(at.store.cleanStep(16 << 10, false), "a third is garbage");
        assertTrue(at.store.cleanStep(16 << 10, true));
        at.clean();
        at.checkpoint();
        var random = new Random(1);
        for (int i = 0; i < 6_000; i++) {
            at.write(A + random.nextInt(300), 0, random.nextInt(8), i);
        }
        at.sync();
        assertTrue(at.store.cleanStep(16 << 10, false), "more than half is");
    }

    /// A cleaner that lags behind is no reason to say that there is no space.
    @Test
    void aStoreFullOfGarbageAsksForPatience() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY.withCapacityBytes(20 * (128L << 10)));
        while (at.store.admission() == Admission.OPEN
                || at.store.admission() == Admission.NEAR_FULL) {
            at.write(A, 0, 0, 1, 2, 3, 4);
            at.store.commitBatch();
        }
        at.sync();
        at.store.cleanStep(16 << 10, true);
        assertEquals(Admission.CLEANING, at.store.admission());
        at.clean();
        at.checkpoint();
        assertEquals(Admission.OPEN, at.store.admission());
    }

    @Test
    void tenThousandDerivedChunksCostLittle() throws IOException {
        var at = new StoreFixture(StoreConfig.defaults());
        var random = new Random(3);
        var tags = new long[1024];
        Arrays.setAll(tags, i -> i + 1);
        at.write(A, 0, 0, tags); // sequential
        for (int i = 0; i < 1024; i++) {
            at.write(A + 1, 0, (i * 577) & 1023, i + 1); // scattered
        }
        at.sync();
        for (long parent = A; parent <= A + 1; parent++) {
            long bytes = at.store.usedBytes();
            for (int i = 0; i < 10_000; i++) {
                at.write(A + 10 + i + (parent - A) * 20_000, parent, random.nextInt(1024), 5);
                if (i % 100 == 0) {
                    at.store.commitBatch();
                }
            }
            at.sync();
            long disk = (at.store.usedBytes() - bytes) / 10_000;
            System.out.printf("derived chunk with one changed block: %d bytes on disk%n", disk);
            assertTrue(disk <= 5 << 10, "bytes on disk: " + disk);
        }
        assertEquals(1, Objects.requireNonNull(at.store.summary(A + 10)).ownBlocks());
        assertEquals(1024, Objects.requireNonNull(at.store.summary(A + 10)).blocks());
    }

    @Test
    void indexMemoryPerTebibyte() {
        long random = perTebibyte(8192, false);
        long sequential = perTebibyte(65_536, true);
        System.out.printf(
                "index: %d MiB per TiB of random 4 KiB, %d MiB sequential%n",
                random >> 20, sequential >> 20);
        assertTrue(random <= 3L << 30);
        // every block needs a location of its own here: less than 8 bytes a block means a broken
        // measurement
        assertTrue(random >= 2L << 30, "measured too little: " + random);
        assertTrue(sequential <= 100 << 20);
        assertTrue(sequential >= 20 << 20, "measured too little: " + sequential);
    }

    @Test
    void derivedIndexEntriesAreSmall() {
        Index index = new Index(new Tables(1024, (location, count) -> {}), 16);
        for (int block = 0; block < 1024; block++) {
            change(index, A, 0, block * 577 & 1023, 1, Location.of(1 + block, 64));
        }
        long before = heap();
        for (int i = 0; i < 100_000; i++) {
            change(index, A + 1 + i, A, i & 1023, 1, Location.of(5000 + i, 64));
        }
        long each = (heap() - before) / 100_000;
        System.out.printf("index: %d bytes for a derived chunk with one changed block%n", each);
        assertTrue(each < 1024, "bytes " + each);
        assertTrue(each > 256, "measured too little: " + each);
        assertEquals(100_001, index.chunkCount());
    }

    private static long perTebibyte(int chunks, boolean sequential) {
        Index index = new Index(new Tables(1024, (location, count) -> {}), 16);
        var random = new Random(5);
        long before = heap();
        for (int chunk = 0; chunk < chunks; chunk++) {
            for (int i = 0; i < 1024; i += sequential ? 256 : 1) {
                long location =
                        Location.of(1 + random.nextInt(1 << 14), random.nextInt(1 << 19) * 64);
                change(
                        index,
                        A + chunk,
                        0,
                        sequential ? i : i * 577 & 1023,
                        sequential ? 256 : 1,
                        location);
            }
        }
        long used = heap() - before;
        assertEquals(chunks, index.chunkCount());
        return used * ((1L << 40) / (chunks * 1024L * Blocks.BLOCK_BYTES));
    }

    private static void change(
            Index index, long chunk, long from, int first, int count, long location) {
        index.change(
                new RecordHeader(
                        RecordKind.WRITE, 1, 1, 1, 1, chunk, from, 0, 0, first, count, count, 0),
                location);
    }

    private static long heap() {
        Runtime runtime = Runtime.getRuntime();
        long used = Long.MAX_VALUE;
        // what earlier tests left behind must be gone before it is counted
        for (int calm = 0; calm < 3; ) {
            runtime.gc();
            long now = runtime.totalMemory() - runtime.freeMemory();
            calm = now < used - (64 << 10) ? 0 : calm + 1;
            used = Math.min(used, now);
        }
        return used;
    }

    @Test
    void ownBlocksFollowTheFamily() throws IOException {
        var at = new StoreFixture(StoreFixture.TINY);
        at.write(A, 0, 0, 1, 2, 3, 4);
        assertEquals(4, own(at, A));
        at.write(A + 1, A, 0, 9);
        assertEquals(1, own(at, A + 1));
        at.checkpoint();
        at.reopen();
        assertEquals(1, own(at, A + 1));
        at.store.purge(1, at.next(), new long[] {A});
        assertEquals(4, own(at, A + 1));
    }

    private static int own(StoreFixture at, long chunk) {
        return Objects.requireNonNull(at.store.summary(chunk)).ownBlocks();
    }

    private static long segments(StoreFixture at) {
        return at.disk.list().stream().filter(name -> name.startsWith(Segment.PREFIX)).count();
    }
}
