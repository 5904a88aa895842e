package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.codahale.metrics.MetricRegistry;
import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.model.Position;
import io.coppice.node.disk.FileDisk;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreIdentity;
import io.coppice.wire.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SyncLineTest {
    private static final long CHUNK = ChunkId.of(1, 1).value();

    private final ArrayDeque<Runnable> syncs = new ArrayDeque<>();

    @TempDir Path directory;

    private FileDisk disk;
    private ChunkStore store;
    private SyncLine line;
    private long sequence;
    private int told;
    private int turns;

    @BeforeEach
    void open() throws IOException {
        disk = FileDisk.open(directory);
        store =
                ChunkStore.open(
                        disk,
                        StoreConfig.defaults(),
                        new StoreIdentity("cluster", new UUID(1, 2)),
                        new Recovery());
        line =
                new SyncLine(
                        store,
                        Runnable::run,
                        syncs::add,
                        new LaneMetrics(new MetricRegistry()),
                        error -> {
                            throw new AssertionError(error);
                        },
                        () -> turns++);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        disk.close();
    }

    @Test
    void oneSyncServesAllThatItCovers() throws IOException {
        write();
        flush();
        flush();
        assertEquals(1, syncs.size());
        syncs.remove().run();
        assertEquals(2, told);
        assertEquals(0, turns);
    }

    @Test
    void whatCameLaterIsServedByTheNext() throws IOException {
        write();
        flush();
        write();
        flush();
        syncs.remove().run();
        assertEquals(1, told);
        assertEquals(1, turns, "asks for the turn that starts the next");
        line.start();
        syncs.remove().run();
        assertEquals(2, told);
    }

    @Test
    void whatIsDurableNeedsNoSync() throws IOException {
        write();
        flush();
        syncs.remove().run();
        flush();
        assertEquals(2, told);
        assertEquals(0, syncs.size());
    }

    @Test
    void theSyncStartsWithTheWriteWhereEveryOneWasFlushed() throws IOException {
        for (int round = 1; round <= 4; round++) {
            write();
            assertEquals(0, syncs.size(), "not yet expected");
            flush();
            syncs.remove().run();
        }
        write();
        assertEquals(1, syncs.size());
        flush();
        syncs.remove().run();
        assertEquals(5, told);
        assertEquals(0, syncs.size());
    }

    @Test
    void aWriteWithoutFlushEndsTheExpectation() throws IOException {
        for (int round = 1; round <= 10; round++) {
            write();
            flush();
            syncs.remove().run();
        }
        write();
        syncs.remove().run();
        write();
        write();
        assertEquals(0, syncs.size());
    }

    private void write() throws IOException {
        var block = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        int[] crcs = Checksums.ofBlocks(block);
        store.write(new Position(1, ++sequence), 0, 0, CHUNK, 0, sequence == 1, 0, crcs, block);
        store.commitBatch();
        line.start();
    }

    private void flush() {
        line.await(() -> told++);
        line.start();
    }
}
