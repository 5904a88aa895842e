package io.coppice.node.store;

import io.coppice.model.ChunkId;
import io.coppice.node.format.RecordHeader;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Groups, chunks and their tables, and what each kind of record does to them. The same methods
/// serve live changes and replay, so a replay ends where the live index was.
final class Index {
    final Tables tables;
    private final int outcomesMax;
    private final Map<Integer, GroupEntry> groups = new HashMap<>();
    private @Nullable GroupEntry lastGroup;
    private long chunkCount;

    Index(Tables tables, int outcomesMax) {
        this.tables = tables;
        this.outcomesMax = outcomesMax;
    }

    @Nullable GroupEntry findGroup(int id) {
        GroupEntry last = lastGroup;
        if (last != null && last.id == id) {
            return last;
        }
        GroupEntry found = groups.get(id);
        lastGroup = found != null ? found : last;
        return found;
    }

    GroupEntry group(int id) {
        GroupEntry found = findGroup(id);
        return found != null
                ? found
                : groups.computeIfAbsent(id, key -> new GroupEntry(key, outcomesMax));
    }

    int[] groupIds() {
        return groups.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    @Nullable ChunkEntry find(long chunk) {
        GroupEntry group = findGroup(ChunkId.group(chunk));
        return group == null ? null : group.chunks.get(chunk);
    }

    long chunkCount() {
        return chunkCount;
    }

    void forEachGroup(Consumer<GroupEntry> visitor) {
        groups.values().forEach(visitor);
    }

    /// WRITE and ZERO: `location` NONE unmaps.
    void change(RecordHeader record, long location) {
        ChunkEntry entry = forWriting(record);
        if (entry == null) {
            group(record.group()).advance(record.epoch(), record.sequence());
            return;
        }
        entry.table = tables.writable(entry.table);
        tables.put(entry.table, record.firstBlock(), record.blockCount(), location);
        entry.epoch = record.epoch();
        entry.sequence = record.sequence();
        GroupEntry group = group(record.group());
        group.advance(record.epoch(), record.sequence());
        if (record.session() != 0) {
            group.outcomes.add(record.session(), record.request(), record.sequence());
        }
    }

    /// The entry, made from the record's parent or empty if there is none; fit to be changed. Null,
    /// in a replay that lacks the record that made the chunk or its parent: better no chunk than
    /// one with holes where its parent's blocks were. The recovery report says that something is
    /// lost.
    private @Nullable ChunkEntry forWriting(RecordHeader record) {
        long chunk = record.chunk();
        long from = record.from();
        GroupEntry group = group(ChunkId.group(chunk));
        ChunkEntry entry = group.chunks.get(chunk);
        if (entry == null) {
            ChunkEntry parent = from == 0 ? null : find(from);
            if (parent == null && !record.has(RecordHeader.CREATE)) {
                return null;
            }
            Table table = parent == null ? tables.empty() : tables.share(parent.table);
            entry = add(group, new ChunkEntry(chunk, from, table, tables.clock()));
            if (parent != null) {
                entry.join(parent);
            }
            return entry;
        }
        return fresh(group, entry);
    }

    /// The entry, or a copy that a capture does not share.
    private ChunkEntry fresh(GroupEntry group, ChunkEntry entry) {
        if (tables.isFresh(entry.born)) {
            return entry;
        }
        var copy = new ChunkEntry(entry, tables.clock());
        group.chunks.put(copy);
        return copy;
    }

    ChunkEntry add(GroupEntry group, ChunkEntry entry) {
        group.chunks.put(entry);
        chunkCount++;
        return entry;
    }

    void purge(RecordHeader record, long[] chunks) {
        for (long chunk : chunks) {
            drop(chunk);
        }
        group(record.group()).advance(record.epoch(), record.sequence());
    }

    void drop(long chunk) {
        GroupEntry group = findGroup(ChunkId.group(chunk));
        ChunkEntry removed = group == null ? null : group.chunks.remove(chunk);
        if (removed != null) {
            removed.leave();
            tables.release(removed.table);
            chunkCount--;
        }
    }

    void mark(RecordHeader record) {
        GroupEntry group = group(record.group());
        group.epoch = record.epoch();
        group.sequence = record.sequence();
        group.state = record.request();
        if (group.state != 0) {
            // It takes another replica's history over: requests in its own may not be in that one.
            group.outcomes.clear();
        }
    }

    void remember(RecordHeader record) {
        group(record.group()).outcomes.add(record.session(), record.request(), record.sequence());
    }

    void dropGroup(int id) {
        GroupEntry removed = groups.remove(id);
        lastGroup = null;
        if (removed != null) {
            removed.chunks.forEach(entry -> {
                entry.leave();
                tables.release(entry.table);
            });
            chunkCount -= removed.chunks.size();
        }
    }

    /// Starts the new version of a chunk; not in the index until [#endInstall]. Null, in a replay
    /// that lacks the parent that it starts from.
    @Nullable ChunkEntry beginInstall(RecordHeader record) {
        boolean differs = record.has(RecordHeader.FROM_PARENT);
        ChunkEntry parent = differs ? find(record.from()) : null;
        if (differs && parent == null) {
            return null;
        }
        ChunkEntry held = record.has(RecordHeader.FROM_HELD) ? find(record.chunk()) : null;
        if (record.has(RecordHeader.FROM_HELD) && held == null) {
            return null;
        }
        Table table =
                held != null
                        ? tables.copyOf(held.table)
                        : parent == null
                                ? tables.empty()
                                : tables.writable(tables.share(parent.table));
        var entry = new ChunkEntry(record.chunk(), record.from(), table, tables.clock());
        entry.epoch = record.epoch();
        entry.sequence = record.sequence();
        if (parent != null) {
            entry.join(parent);
        } else if (held != null && held.family != null) {
            entry.join(held);
        }
        return entry;
    }

    void endInstall(ChunkEntry entry) {
        drop(entry.id);
        add(group(ChunkId.group(entry.id)), entry);
    }

    /// A block has a new, good place.
    void repair(long chunk, int block, long location) {
        ChunkEntry entry = find(chunk);
        long old = entry == null ? Location.NONE : entry.table.get(block);
        if (entry == null || old == Location.NONE) {
            return;
        }
        if (tables.capturing()) {
            ChunkEntry writable = fresh(group(ChunkId.group(chunk)), entry);
            writable.table = tables.writable(writable.table);
            tables.put(writable.table, block, 1, location);
        } else {
            tables.redirect(entry.table, block, 1, new long[] {location | old & Location.SHARED});
        }
    }
}
