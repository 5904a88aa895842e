package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.model.Position;
import io.coppice.node.disk.FileDisk;
import io.coppice.node.store.ChunkImage;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreIdentity;
import io.coppice.wire.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class PartChunksTest {
    private static final int GROUP = 3;
    private static final long PART = ChunkId.of(GROUP, 1).value();
    private static final long WHOLE = ChunkId.of(GROUP, 2).value();

    @TempDir Path directory;
    private FileDisk disk;
    private ChunkStore store;

    @BeforeEach
    void open() throws IOException {
        disk = FileDisk.open(directory);
        var identity = new StoreIdentity("test", new UUID(1, 2));
        store = ChunkStore.open(disk, StoreConfig.defaults(), identity, new Recovery());
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        disk.close();
    }

    private void install(long chunk, Position version) throws IOException {
        var data = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        int crc = Checksums.crc32c(data.array(), 0, Blocks.BLOCK_BYTES);
        store.install(
                new ChunkImage(
                        chunk,
                        0,
                        ChunkImage.Base.NOTHING,
                        version,
                        new int[] {0},
                        new int[] {crc},
                        data,
                        new int[0],
                        List.of()));
        store.commitBatch();
    }

    @Test
    void whatIsNotWholeGoesWithItsFetch() throws IOException {
        var parts = new PartChunks(store);
        parts.add(PART);
        parts.add(WHOLE);
        install(PART, Position.NONE);
        install(WHOLE, new Position(1, 7));
        assertTrue(parts.isHere(PART));
        assertFalse(parts.isHere(WHOLE), "it came whole");
        parts.removeAll();
        assertFalse(store.contains(PART));
        assertEquals(new Position(1, 7), store.version(WHOLE));
        assertFalse(parts.isHere(PART));
    }

    /// A new primary that took it for the chunk would answer with holes.
    @Test
    void whatAProcessBeforeLeftGoesAtTheStart() throws IOException {
        install(PART, Position.NONE);
        install(WHOLE, new Position(1, 7));
        close();
        open();
        assertTrue(store.contains(PART), "it survived the restart");
        new PartChunks(store).removeLeft(GROUP);
        store.commitBatch();
        close();
        open();
        assertFalse(store.contains(PART));
        assertTrue(store.contains(WHOLE));
    }
}
