package io.coppice.node.store;

import io.coppice.node.format.RecordHeader;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Turns records of the log into changes of the index. Parts of an operation that took several
/// records take effect with the last one; parts whose last one never came have none.
final class RecordApplier {
    private static final long[] NO_CHUNKS = {};
    private final Index index;
    private @Nullable ChunkEntry installing;

    RecordApplier(Index index) {
        this.index = index;
    }

    /// @param location of the record's first data block
    void apply(RecordHeader header, ByteBuffer extra, long location) {
        switch (header.kind()) {
            case WRITE -> index.change(header, location);
            case ZERO -> index.change(header, Location.NONE);
            case PURGE -> index.purge(header, header.extraBytes() == 0 ? NO_CHUNKS : longs(extra));
            case MARK -> index.mark(header);
            case OUTCOME -> index.remember(header);
            case INSTALL -> install(header, extra, location);
            case DROP -> index.drop(header.chunk());
            case DROP_GROUP -> index.dropGroup(header.group());
            case REPAIR -> index.repair(header.chunk(), header.firstBlock(), location);
            case MOVE -> {}
        }
    }

    private void install(RecordHeader header, ByteBuffer extra, long location) {
        ChunkEntry entry = installing;
        if (header.request() == 0) {
            if (entry != null) {
                entry.leave();
                index.tables.release(entry.table);
            }
            entry = index.beginInstall(header);
        }
        installing = null;
        if (entry == null || entry.id != header.chunk()) {
            return; // the first part is lost
        }
        int unmapped = extra.getInt();
        for (int i = 0; i < header.dataBlocks(); ) {
            int first = extra.getShort() & 0xffff;
            int count = 1;
            while (i + count < header.dataBlocks()
                    && (extra.getShort(extra.position()) & 0xffff) == first + count) {
                extra.getShort();
                count++;
            }
            index.tables.put(entry.table, first, count, location + i);
            i += count;
        }
        for (int i = 0; i < unmapped; i++) {
            index.tables.put(entry.table, extra.getShort() & 0xffff, 1, Location.NONE);
        }
        if (header.has(RecordHeader.REFERENCES) && !refer(entry, extra)) {
            entry.leave();
            index.tables.release(entry.table);
            return;
        }
        if (header.has(RecordHeader.MORE)) {
            installing = entry;
        } else {
            index.endInstall(entry);
        }
    }

    /// Shares blocks of other chunks. False, in a replay that lacks one of these: better no chunk
    /// than one with holes.
    private boolean refer(ChunkEntry entry, ByteBuffer extra) {
        int references = extra.getInt();
        for (int i = 0; i < references; i++) {
            ChunkEntry from = index.find(extra.getLong());
            int first = extra.getShort() & 0xffff;
            int count = extra.getShort() & 0xffff;
            if (from == null) {
                return false;
            }
            index.tables.shareBlocks(from.table, entry.table, first, count);
            entry.relate(from);
        }
        return true;
    }

    private static long[] longs(ByteBuffer bytes) {
        var values = new long[bytes.remaining() / Long.BYTES];
        bytes.asLongBuffer().get(values);
        return values;
    }
}
