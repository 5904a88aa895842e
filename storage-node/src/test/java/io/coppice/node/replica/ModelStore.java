package io.coppice.node.replica;

import io.coppice.model.Position;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/// The dumbest store that can be right: maps of maps, copied as a whole when a batch is "written".
@NullUnmarked
final class ModelStore implements ChunkIndex {
    static final class Chunk {
        Position version = Position.NONE;
        long parent;
        final Map<Integer, Integer> blocks = new TreeMap<>();

        Chunk copy() {
            var copy = new Chunk();
            copy.version = version;
            copy.parent = parent;
            copy.blocks.putAll(blocks);
            return copy;
        }
    }

    record Fetched(
            Position version,
            long parent,
            boolean difference,
            Map<Integer, Integer> blocks,
            java.util.Set<Integer> unmapped)
            implements FetchedChunk {
        @Override
        public boolean isDifference() {
            return difference;
        }

        @Override
        public void release() {}
    }

    TreeMap<Long, Chunk> chunks = new TreeMap<>(Long::compareUnsigned);
    Position position = Position.NONE;
    Outcome room = Outcome.OK;
    int installed;
    private TreeMap<Long, Chunk> written = new TreeMap<>(Long::compareUnsigned);
    private Position writtenPosition = Position.NONE;

    void apply(Operation operation) {
        Change change = operation.change();
        var at = new Position(operation.epoch(), operation.sequence());
        if (at.compareTo(position) > 0) {
            position = at;
        }
        if (change.kind() == Change.Kind.PURGE) {
            for (long chunk : change.purged()) {
                chunks.remove(chunk);
            }
            return;
        }
        Chunk chunk = chunks.get(change.chunk());
        if (chunk == null) {
            Chunk parent = change.fromChunk() == 0 ? null : chunks.get(change.fromChunk());
            if (parent == null && !change.create()) {
                throw new AssertionError(operation + ": chunk is not held");
            }
            chunk = parent == null ? new Chunk() : parent.copy();
            chunk.parent = change.fromChunk();
            chunks.put(change.chunk(), chunk);
        }
        chunk.version = at;
        for (int i = 0; i < change.blockCount(); i++) {
            if (change.kind() == Change.Kind.WRITE) {
                chunk.blocks.put(change.block() + i, change.crcs()[i]);
            } else {
                chunk.blocks.remove(change.block() + i);
            }
        }
    }

    Fetched image(long id, long parent, @Nullable Position parentVersion) {
        Chunk chunk = java.util.Objects.requireNonNull(chunks.get(id));
        Chunk base = parent == 0 ? null : chunks.get(parent);
        if (base == null || !base.version.equals(parentVersion)) {
            return new Fetched(
                    chunk.version,
                    chunk.parent,
                    false,
                    new HashMap<>(chunk.blocks),
                    java.util.Set.of());
        }
        var changed = new HashMap<>(chunk.blocks);
        base.blocks.forEach(changed::remove);
        var unmapped = new java.util.HashSet<>(base.blocks.keySet());
        unmapped.removeAll(chunk.blocks.keySet());
        return new Fetched(chunk.version, parent, true, changed, unmapped);
    }

    void install(long id, Fetched fetched) {
        installed++;
        Chunk base =
                fetched.difference()
                        ? java.util.Objects.requireNonNull(chunks.get(fetched.parent()))
                        : new Chunk();
        Chunk chunk = base.copy();
        chunk.parent = fetched.parent();
        chunk.version = fetched.version();
        chunk.blocks.keySet().removeAll(fetched.unmapped());
        chunk.blocks.putAll(fetched.blocks());
        chunks.put(id, chunk);
    }

    void write() {
        written = copy(chunks);
        writtenPosition = position;
    }

    /// The process dies: what was not written is gone.
    void crash() {
        chunks = copy(written);
        position = writtenPosition;
    }

    @Nullable Integer written(long chunk, int block) {
        Chunk held = written.get(chunk);
        return held == null ? null : held.blocks.get(block);
    }

    @Nullable Integer current(long chunk, int block) {
        Chunk held = chunks.get(chunk);
        return held == null ? null : held.blocks.get(block);
    }

    /// Content without versions of how it came about.
    Map<Long, Map<Integer, Integer>> content() {
        Map<Long, Map<Integer, Integer>> content = new TreeMap<>(Long::compareUnsigned);
        chunks.forEach((id, chunk) -> content.put(id, chunk.blocks));
        return content;
    }

    Map<Long, Position> versions() {
        Map<Long, Position> versions = new TreeMap<>(Long::compareUnsigned);
        chunks.forEach((id, chunk) -> versions.put(id, chunk.version));
        return versions;
    }

    private static TreeMap<Long, Chunk> copy(TreeMap<Long, Chunk> from) {
        var copy = new TreeMap<Long, Chunk>(Long::compareUnsigned);
        from.forEach((id, chunk) -> copy.put(id, chunk.copy()));
        return copy;
    }

    @Override
    public boolean exists(long chunk) {
        return chunks.containsKey(chunk);
    }

    @Override
    public Position version(long chunk) {
        Chunk held = chunks.get(chunk);
        return held == null ? Position.NONE : held.version;
    }

    @Override
    public boolean trustsVersions(int group) {
        return true;
    }

    @Override
    public Outcome room(boolean newChunk) {
        return room;
    }

    @Override
    public Position position(int group) {
        return position;
    }

    @Override
    public long nextChunk(int group, long chunk) {
        Long next = chunks.higherKey(chunk);
        return next == null ? 0 : next;
    }
}
