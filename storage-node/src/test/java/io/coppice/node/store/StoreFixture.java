package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.model.Position;
import io.coppice.wire.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// A store on a [MemoryDisk] and the words that tests of it share. A block's content is made from a
/// tag.
final class StoreFixture {
    static final StoreIdentity IDENTITY = new StoreIdentity("test-cluster", new UUID(7, 9));
    static final StoreConfig TINY =
            StoreConfig.defaults().withChunkBytes(64 << 10).withSegmentBytes(128 << 10);

    final MemoryDisk disk;
    StoreConfig config;
    Recovery report = new Recovery();
    ChunkStore store;
    long sequence;

    StoreFixture(StoreConfig config) throws IOException {
        this(config, new MemoryDisk());
    }

    StoreFixture(StoreConfig config, MemoryDisk disk) throws IOException {
        this.config = config;
        this.disk = disk;
        store = ChunkStore.open(disk, config, IDENTITY, report);
    }

    void reopen() throws IOException {
        report = new Recovery();
        store = ChunkStore.open(disk, config, IDENTITY, report);
    }

    static long chunk(int group, long number) {
        return ChunkId.of(group, number).value();
    }

    static ByteBuffer blocks(long... tags) {
        var bytes = ByteBuffer.allocate(tags.length * Blocks.BLOCK_BYTES);
        for (long tag : tags) {
            long word = tag;
            for (int i = 0; i < Blocks.BLOCK_BYTES / 8; i++) {
                bytes.putLong(word);
                word = word * 6364136223846793005L + 1442695040888963407L;
            }
        }
        return bytes.flip();
    }

    Position next() {
        return new Position(1, ++sequence);
    }

    void write(long chunk, long from, int first, long... tags) {
        ByteBuffer data = blocks(tags);
        store.write(
                next(),
                5,
                sequence,
                chunk,
                from,
                from == 0 && !store.contains(chunk),
                first,
                Checksums.ofBlocks(data),
                data);
    }

    void zero(long chunk, long from, int first, int count) {
        store.zero(next(), 5, sequence, chunk, from, false, first, count);
    }

    void sync() throws IOException {
        store.commitBatch();
        SyncTicket ticket = store.beginSync();
        ticket.run();
        store.completeSync(ticket);
    }

    void checkpoint() throws IOException {
        Checkpoint checkpoint = store.beginCheckpoint();
        if (checkpoint != null) {
            checkpoint.write();
            store.completeCheckpoint(checkpoint);
        }
    }

    void clean() throws IOException {
        for (int i = 0; i < 10_000 && store.cleanStep(1 << 20, true); i++) {
            store.commitBatch();
        }
    }

    /// Tags of the blocks, 0 for unmapped ones, -1 for damaged ones; checks content and checksums.
    long[] read(long chunk) throws IOException {
        int count = config.blocksPerChunk();
        var target = ByteBuffer.allocate(count * Blocks.BLOCK_BYTES);
        BlockRead read = store.read(chunk, 0, count, target);
        target.flip();
        var tags = new long[count];
        int next = 0;
        for (int i = 0; i < count; i++) {
            if (!read.isPresent(i)) {
                continue;
            }
            ByteBuffer block = target.slice(next * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES);
            if (java.util.Arrays.binarySearch(read.bad(), i) >= 0) {
                tags[i] = -1;
            } else {
                tags[i] = block.getLong(0);
                if (!block.equals(blocks(tags[i]))
                        || read.crcs()[next] != Checksums.crc32c(block)) {
                    throw new AssertionError("wrong content in block " + i);
                }
            }
            next++;
        }
        return tags;
    }

    /// Counts the table entries of all distinct nodes again.
    void checkCounts() {
        Map<Long, Long> recount = new TreeMap<>();
        var seen = new IdentityHashMap<Object, Integer>();
        store.index.forEachGroup(
                group -> group.chunks.forEach(entry -> count(entry.table, seen, recount)));
        for (Segment segment : store.segments.all()) {
            long expected = recount.getOrDefault(segment.number, 0L);
            if (segment.entries != expected) {
                throw new AssertionError(
                        "segment "
                                + segment.number
                                + " counts "
                                + segment.entries
                                + " entries, there are "
                                + expected);
            }
        }
        seen.forEach((node, refs) -> {
            int counted = node instanceof Table table ? table.refs : ((Leaf) node).refs;
            if (counted != refs) {
                throw new AssertionError("node has " + counted + " references, there are " + refs);
            }
        });
    }

    private static void count(Table table, Map<Object, Integer> seen, Map<Long, Long> recount) {
        if (seen.merge(table, 1, Integer::sum) > 1) {
            return;
        }
        if (table.leaves == null) {
            for (int run = 0; run < table.runCount; run++) {
                recount.merge(
                        Location.segment(table.base(run)), (long) table.length(run), Long::sum);
            }
            return;
        }
        for (Leaf leaf : table.leaves) {
            if (leaf != null && seen.merge(leaf, 1, Integer::sum) == 1) {
                for (long location : leaf.locations) {
                    if (location != Location.NONE) {
                        recount.merge(Location.segment(location), 1L, Long::sum);
                    }
                }
            }
        }
    }
}
