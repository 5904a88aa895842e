package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Blocks;
import io.coppice.model.Position;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.RecordHeader;
import io.coppice.wire.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// What a store makes of damage.
final class RecoveryTest {
    private static final long A = StoreFixture.chunk(1, 1);
    private static final long B = StoreFixture.chunk(1, 2);
    private static final String FIRST = Segment.name(1);
    private static final int RECORD_BYTES = 128 + 4096;

    private final StoreFixture at = new StoreFixture(StoreFixture.TINY);

    RecoveryTest() throws IOException {}

    @Test
    void aTailTornAtAnyByteIsCutOff() throws IOException {
        at.write(A, 0, 0, 1, 2);
        at.store.commitBatch();
        int whole = at.disk.bytes(FIRST).length;
        at.write(A, 0, 1, 3);
        at.store.commitBatch();
        byte[] bytes = at.disk.bytes(FIRST).clone();
        for (int length = whole; length < bytes.length; length++) {
            at.disk.replace(FIRST, Arrays.copyOf(bytes, length));
            at.reopen();
            assertArrayEquals(new long[] {1, 2}, Arrays.copyOf(at.read(A), 2), "torn at " + length);
            assertEquals(new Position(1, 1), at.store.position(1));
            assertEquals(length - whole, at.report.tornBytes());
            assertFalse(at.report.suspect());
            assertEquals(whole, at.disk.bytes(FIRST).length);
        }
    }

    /// Whole records, at a boundary: nothing looks damaged, and the group's position is beyond
    /// them.
    @Test
    void recordsLostAtTheEndOfASegmentAreNoticed() throws IOException {
        twoSegments();
        byte[] bytes = at.disk.bytes(FIRST);
        at.disk.replace(FIRST, Arrays.copyOf(bytes, bytes.length - RECORD_BYTES));
        at.reopen();
        assertTrue(at.report.suspect(), at.report.toString());
    }

    @Test
    void aTornSegmentHeaderSaysNothingOfTheSegmentBefore() throws IOException {
        twoSegments();
        at.disk.flipBit(Segment.name(2), 50, 0);
        at.reopen();
        assertTrue(at.report.suspect(), at.report.toString());
    }

    private void twoSegments() throws IOException {
        for (int tag = 1; !at.disk.list().contains(Segment.name(2)); tag++) {
            at.write(A, 0, tag % 16, tag);
            at.store.commitBatch();
        }
        at.sync();
        saysSo();
        at.reopen();
        assertFalse(at.report.suspect());
    }

    /// A record that was made when all before it was durable: from then on damage there is rot.
    private void saysSo() throws IOException {
        at.write(B, 0, 15, 77);
        at.store.commitBatch();
    }

    @Test
    void afterATornTailTheLogGoesOn() throws IOException {
        at.write(A, 0, 0, 1);
        at.write(A, 0, 1, 2);
        at.store.commitBatch();
        byte[] bytes = at.disk.bytes(FIRST);
        at.disk.replace(FIRST, Arrays.copyOf(bytes, bytes.length - 1));
        at.reopen();
        at.write(A, 0, 2, 3);
        at.sync();
        at.reopen();
        assertFalse(at.report.suspect());
        assertArrayEquals(new long[] {1, 0, 3}, Arrays.copyOf(at.read(A), 3));
    }

    @Test
    void rottenDataInTheMiddleIsKeptAndReportedAndRepaired() throws IOException {
        at.write(A, 0, 0, 1);
        at.write(A, 0, 1, 2);
        at.write(B, 0, 0, 3);
        at.sync();
        saysSo();
        at.disk.flipBit(FIRST, 64 + 128 + 1000, 3);
        at.reopen();
        assertEquals(1, at.report.rottenBlocks());
        assertEquals(0, at.report.tornBytes());
        assertFalse(at.report.suspect());
        assertEquals(new Position(1, 4), at.store.position(1));
        assertArrayEquals(new long[] {-1, 2}, Arrays.copyOf(at.read(A), 2));
        assertArrayEquals(new int[] {0}, deep(A).bad());

        ByteBuffer good = StoreFixture.blocks(1);
        Position version = at.store.version(A);
        at.store.repair(A, 0, Checksums.crc32c(good), good);
        assertArrayEquals(new long[] {1, 2}, Arrays.copyOf(at.read(A), 2));
        assertEquals(version, at.store.version(A));
        at.sync();
        at.reopen();
        assertArrayEquals(new long[] {1, 2}, Arrays.copyOf(at.read(A), 2));
    }

    /// The same damage where nothing says that it was durable: what a power failure may leave, with
    /// what it kept of later writes. A store has nothing without what came before it.
    @Test
    void whatFollowsAWriteThatWasLostIsLostWithIt() throws IOException {
        at.write(A, 0, 0, 1);
        at.sync();
        at.write(A, 0, 0, 2);
        at.write(B, 0, 0, 3);
        at.store.commitBatch();
        at.disk.flipBit(FIRST, 64 + RECORD_BYTES + 128 + 1000, 3);
        at.reopen();
        assertFalse(at.report.suspect());
        assertEquals(0, at.report.rottenBlocks());
        assertEquals(new Position(1, 1), at.store.position(1));
        assertEquals(1, at.read(A)[0]);
        assertFalse(at.store.contains(B));
    }

    /// A block that was lost elsewhere comes damaged: nothing that follows is lost with it.
    @Test
    void aBlockThatCameAsLostIsNoWriteThatWasTorn() throws IOException {
        at.write(B, 0, 0, 3);
        at.sync();
        var lost = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        LostBlock.put(lost, 0);
        int crc = Checksums.crc32c(StoreFixture.blocks(1));
        at.store.install(
                new ChunkImage(
                        A,
                        0,
                        ChunkImage.Base.NOTHING,
                        at.next(),
                        new int[] {0},
                        new int[] {crc},
                        lost,
                        new int[0],
                        List.of()));
        at.write(B, 0, 1, 4);
        at.store.commitBatch();
        at.reopen();
        assertEquals(0, at.report.tornBytes());
        assertEquals(-1, at.read(A)[0]);
        assertArrayEquals(new long[] {3, 4}, Arrays.copyOf(at.read(B), 2));

        ByteBuffer good = StoreFixture.blocks(1);
        at.store.repair(A, 0, crc, good);
        assertEquals(1, at.read(A)[0]);
    }

    @Test
    void aRottenHeaderInTheMiddleMakesTheStoreSuspect() throws IOException {
        at.write(A, 0, 0, 1);
        at.write(A, 0, 1, 2);
        at.write(B, 0, 0, 3);
        at.sync();
        saysSo();
        at.disk.flipBit(FIRST, 64 + RECORD_BYTES + 20, 0);
        at.reopen();
        assertEquals(1, at.report.lostRecords());
        assertTrue(at.report.suspect());
        assertArrayEquals(new long[] {1, 0}, Arrays.copyOf(at.read(A), 2));
        assertEquals(3, at.read(B)[0]);
    }

    @Test
    void everyFlippedBitOfALiveRecordIsFound() throws IOException {
        at.write(A, 0, 0, 1);
        at.sync();
        for (int offset = 64; offset < 64 + RECORD_BYTES; offset++) {
            boolean padding = offset >= 64 + 80 + 4 && offset < 64 + 128;
            at.disk.flipBit(FIRST, offset, offset & 7);
            long[] tags = at.read(A);
            assertEquals(
                    -1, tags[0], () -> "a flip was not noticed" + (padding ? " in padding" : ""));
            at.disk.flipBit(FIRST, offset, offset & 7);
        }
        assertEquals(1, at.read(A)[0]);
    }

    @Test
    void aMissingSegmentIsReported() throws IOException {
        for (int i = 0; i < 90; i++) {
            at.write(A + i / 16, 0, i % 16, i + 1);
        }
        at.sync();
        at.disk.delete(Segment.name(2));
        at.reopen();
        assertEquals(1, at.report.missingSegments);
        assertTrue(at.report.suspect());
    }

    @Test
    void aUsersCopyOfTheLogIsNotTakenForTheLog() throws IOException {
        at.write(A, 0, 0, 1);
        at.write(A, 0, 0, 2);
        at.store.commitBatch();
        byte[] copy = Arrays.copyOf(at.disk.bytes(FIRST), 8192);
        ByteBuffer data = ByteBuffer.wrap(copy);
        at.store.write(at.next(), 0, 0, B, 0, true, 0, Checksums.ofBlocks(data), data);
        at.write(B, 0, 5, 9);
        at.sync();
        saysSo();
        // damage the header in front of the copy: the search must run over it
        at.disk.flipBit(FIRST, 64 + 2 * RECORD_BYTES, 1);
        at.reopen();
        assertEquals(4, at.report.records());
        assertEquals(1, at.report.lostRecords());
    }

    @Test
    void unfinishedAndDamagedCheckpoints() throws IOException {
        at.write(A, 0, 0, 1);
        at.checkpoint();
        at.disk.create(Checkpoint.name(2) + Checkpoint.UNFINISHED);
        at.reopen();
        assertEquals(1, at.report.checkpoint());
        assertEquals(List.of(Checkpoint.name(1)), names(Checkpoint.PREFIX));
        at.disk.flipBit(Checkpoint.name(1), 30, 2);
        var refused = assertThrows(StoreFormatException.class, at::reopen);
        assertTrue(
                String.valueOf(refused.getMessage()).contains("no valid checkpoint"),
                refused.getMessage());
    }

    @Test
    void foreignDirectoriesAreRefusedInOneLine() throws IOException {
        assertEquals(StoreFixture.IDENTITY, ChunkStore.identify(at.disk));
        refused(new StoreIdentity("other", null), at.disk, "belongs to cluster test-cluster");
        refused(new StoreIdentity("test-cluster", new UUID(1, 1)), at.disk, "expected was");
        var label = new String(at.disk.bytes("store"), java.nio.charset.StandardCharsets.UTF_8);
        at.disk.replace(
                "store",
                label.replace("test-", "best-").getBytes(java.nio.charset.StandardCharsets.UTF_8));
        refused(StoreFixture.IDENTITY, at.disk, "is damaged");
        at.disk.replace(
                "store",
                new io.coppice.node.format.StoreLabel(
                                io.coppice.node.format.StoreLabel.FORMAT + 1,
                                "test-cluster",
                                new UUID(7, 9),
                                65536)
                        .encode());
        refused(StoreFixture.IDENTITY, at.disk, "use a newer version");
        var foreign = new MemoryDisk();
        foreign.create("holiday.jpg");
        refused(StoreFixture.IDENTITY, foreign, "holiday.jpg");
    }

    private static void refused(StoreIdentity identity, MemoryDisk disk, String part) {
        var refused =
                assertThrows(
                        StoreFormatException.class,
                        () -> ChunkStore.open(disk, StoreFixture.TINY, identity, new Recovery()));
        assertTrue(String.valueOf(refused.getMessage()).contains(part), refused.getMessage());
        assertFalse(String.valueOf(refused.getMessage()).contains("\n"));
    }

    @Test
    void positionsStatesAndOutcomesSurvive() throws IOException {
        at.write(A, 0, 0, 1);
        at.store.mark(1, new Position(3, 17), 42);
        at.store.mark(9, new Position(2, 5), 1);
        at.store.remember(1, 8, 80, 16);
        at.sync();
        at.reopen();
        checkMarks();
        at.checkpoint();
        at.reopen();
        assertEquals(0, at.report.records());
        checkMarks();
        at.store.dropGroup(1);
        at.sync();
        at.reopen();
        assertArrayEquals(new int[] {9}, at.store.groups());
        assertFalse(at.store.contains(A));
    }

    private void checkMarks() {
        assertEquals(new Position(3, 17), at.store.position(1));
        assertEquals(42, at.store.state(1));
        assertEquals(new Position(2, 5), at.store.position(9));
        var outcomes = new ArrayList<String>();
        at.store.outcomes(
                1,
                (session, sequence, group) -> outcomes.add(session + "/" + sequence + "/" + group));
        // The write came before the mark: it is of a history that was given up.
        assertEquals(List.of("8/80/16"), outcomes);
    }

    @Test
    void zerosBehindTheLogAreItsEnd() throws IOException {
        at.write(A, 0, 0, 1);
        at.sync();
        at.write(A, 0, 1, 2);
        at.sync();
        assertEquals(at.config.segmentBytes(), at.disk.bytes(FIRST).length, "zeroed ahead");
        at.disk.crash(Long.MIN_VALUE, 0);
        at.reopen();
        assertArrayEquals(new long[] {1, 2}, Arrays.copyOf(at.read(A), 2));
        assertEquals(0, at.report.tornBytes());
        assertEquals(at.store.usedBytes(), at.disk.bytes(FIRST).length, "given back");
    }

    /// The file is cut where the log ends; a power failure may undo that.
    @Test
    void zerosAtTheEndOfASegmentThatWasLeftAreNoDamage() throws IOException {
        fillFirstSegment();
        int end = at.disk.bytes(FIRST).length;
        assertTrue(end < at.config.segmentBytes(), "cut at its end");
        at.disk.replace(FIRST, Arrays.copyOf(at.disk.bytes(FIRST), at.config.segmentBytes()));
        at.reopen();
        assertFalse(at.report.suspect());
        assertEquals(0, at.report.rottenBlocks());
        assertEquals(end, at.disk.bytes(FIRST).length);
    }

    @Test
    void recordsThatBecameZerosAreMissed() throws IOException {
        fillFirstSegment();
        int end = at.disk.bytes(FIRST).length;
        int last = RecordHeader.SMALL_BYTES + Blocks.BLOCK_BYTES;
        at.disk.replace(FIRST, Arrays.copyOf(Arrays.copyOf(at.disk.bytes(FIRST), end - last), end));
        at.reopen();
        assertTrue(at.report.suspect());
    }

    /// Leaves it with its end cut, and the log in the next one.
    private void fillFirstSegment() throws IOException {
        for (int block = 0; names("seg-").size() < 2; block++) {
            at.write(A, 0, block % at.config.blocksPerChunk(), block + 1);
            at.sync();
        }
        at.write(A, 0, 0, 99);
        at.sync();
    }

    /// The operating system tells the error once; the next fsync of the same file would succeed.
    @Test
    void noSyncCountsAfterOneThatFailed() throws IOException {
        at.write(A, 0, 0, 1);
        at.store.commitBatch();
        SyncTicket first = at.store.beginSync();
        SyncTicket second = at.store.beginSync();
        at.disk.failSync = true;
        assertThrows(IOException.class, first::run);
        at.disk.failSync = false;
        assertThrows(IOException.class, second::run);
        assertFalse(second.done());
        Checkpoint checkpoint = Objects.requireNonNull(at.store.beginCheckpoint());
        assertThrows(IOException.class, checkpoint::write);
    }

    @Test
    void aFailedWriteIsTheEndAlsoOfWhatWasWrittenBefore() throws IOException {
        at.write(A, 0, 0, 1);
        at.sync();
        at.disk.failWrite = "Input/output error";
        at.write(A, 0, 1, 2);
        assertThrows(IOException.class, () -> at.store.commitBatch());
        at.disk.failWrite = null;
        assertThrows(IOException.class, () -> at.store.commitBatch());
        assertThrows(IOException.class, () -> at.read(A));
    }

    @Test
    void whatTheDeviceCannotReadIsDamagedAndTheStoreGoesOn() throws IOException {
        at.write(A, 0, 0, 1, 2);
        at.sync();
        Objects.requireNonNull(at.store.beginCheckpoint()).write();
        at.reopen();
        at.disk.failRead = FIRST;
        assertArrayEquals(new long[] {-1, -1}, Arrays.copyOf(at.read(A), 2));
        at.store.repair(A, 0, Checksums.crc32c(StoreFixture.blocks(1)), StoreFixture.blocks(1));
        at.sync();
        assertArrayEquals(new long[] {1, -1}, Arrays.copyOf(at.read(A), 2));
    }

    /// By it a good copy can be told from any other.
    @Test
    void theChecksumOfABlockThatCannotBeReadIsKnown() throws IOException {
        at.write(A, 0, 0, 1);
        at.sync();
        at.disk.failRead = FIRST;
        at.disk.failReadFrom = RecordCodec.SEGMENT_HEADER_BYTES + RecordHeader.SMALL_BYTES;
        BlockRead read = at.store.read(A, 0, 1, ByteBuffer.allocate(Blocks.BLOCK_BYTES));
        assertArrayEquals(new int[] {0}, read.bad());
        assertEquals(Checksums.crc32c(StoreFixture.blocks(1)), read.crcs()[0]);
    }

    @Test
    void aFailedSyncPutsTheStoreDown() throws IOException {
        at.write(A, 0, 0, 1);
        at.store.commitBatch();
        at.disk.failSync = true;
        SyncTicket ticket = at.store.beginSync();
        var failure = assertThrows(IOException.class, ticket::run);
        at.store.fail("sync failed: " + failure.getMessage());
        assertThrows(IOException.class, () -> at.read(A));
        at.write(A, 0, 0, 2);
        assertThrows(IOException.class, () -> at.store.commitBatch());
    }

    private ChunkDigest deep(long chunk) throws IOException {
        return java.util.Objects.requireNonNull(at.store.deepVerify(chunk));
    }

    private List<String> names(String prefix) {
        return at.disk.list().stream().filter(name -> name.startsWith(prefix)).toList();
    }
}
