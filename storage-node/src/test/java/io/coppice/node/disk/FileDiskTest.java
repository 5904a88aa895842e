package io.coppice.node.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.ChunkId;
import io.coppice.model.Position;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store on real files.
final class FileDiskTest {
    private static final StoreIdentity IDENTITY = new StoreIdentity("c", new UUID(1, 2));

    @Test
    void filesAreWrittenReadRenamedAndDeleted(@TempDir Path directory) throws IOException {
        try (FileDisk disk = FileDisk.open(directory)) {
            var file = disk.create("a");
            ByteBuffer[] parts = {
                ByteBuffer.wrap(new byte[] {1, 2}),
                ByteBuffer.allocate(0),
                ByteBuffer.wrap(new byte[] {3})
            };
            file.write(parts, 3, 5);
            var read = ByteBuffer.allocate(10);
            assertEquals(3, file.read(read, 5));
            assertEquals(0, file.read(read, 8));
            assertEquals(3, read.get(2));
            file.sync();
            file.close();
            disk.rename("a", "b");
            disk.syncDirectory();
            assertEquals(List.of("b"), disk.list());
            disk.delete("b");
            assertTrue(disk.usableBytes() <= disk.totalBytes());
        }
    }

    @Test
    void aSecondOwnerIsRefused(@TempDir Path directory) throws IOException {
        FileDisk disk = FileDisk.open(directory);
        var refused = assertThrows(IOException.class, () -> FileDisk.open(directory));
        assertTrue(String.valueOf(refused.getMessage()).contains("in use"));
        disk.close();
        FileDisk.open(directory).close();
    }

    @Test
    void aStoreOnFilesComesBack(@TempDir Path directory) throws IOException {
        long chunk = ChunkId.of(1, 1).value();
        var data = ByteBuffer.allocateDirect(3 * 4096);
        data.putLong(4096, 77);
        try (FileDisk disk = FileDisk.open(directory)) {
            var store = ChunkStore.open(disk, StoreConfig.defaults(), IDENTITY, new Recovery());
            store.write(
                    new Position(1, 1), 0, 0, chunk, 0, true, 10, Checksums.ofBlocks(data), data);
            store.commitBatch();
            var ticket = store.beginSync();
            ticket.run();
            store.completeSync(ticket);
            store.close();
        }
        try (FileDisk disk = FileDisk.open(directory)) {
            var store = ChunkStore.open(disk, StoreConfig.defaults(), IDENTITY, new Recovery());
            var target = ByteBuffer.allocateDirect(8 * 4096);
            var read = store.read(chunk, 8, 8, target);
            assertEquals(3, read.mapped());
            assertEquals(0, read.bad().length);
            assertEquals(77, target.getLong(4096));
            store.close();
        }
    }
}
