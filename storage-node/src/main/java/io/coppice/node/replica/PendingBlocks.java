package io.coppice.node.replica;

import java.util.ArrayList;
import java.util.List;

/// Operations that are not acknowledged yet, by chunk, and the reads that wait for them (R4).
final class PendingBlocks {
    private record WaitingRead(Ticket ticket, long chunk, int block, int blockCount) {}

    private static final class Chunk {
        private final List<Operation> operations = new ArrayList<>(2);
        private final List<WaitingRead> reads = new ArrayList<>(0);
    }

    /// Chunks come and go with every write: the last few are kept for reuse.
    private static final int SPARE_MAX = 64;

    private final LongTable<Chunk> chunks = new LongTable<>();
    private final ArrayList<Chunk> spare = new ArrayList<>();
    private final int readsMax;
    private final ChunkIndex index;
    private int reads;

    PendingBlocks(int readsMax, ChunkIndex index) {
        this.readsMax = readsMax;
        this.index = index;
    }

    void add(Operation operation) {
        if (operation.change().kind() == Change.Kind.PURGE) {
            return;
        }
        Chunk chunk = chunks.get(operation.change().chunk());
        if (chunk == null) {
            chunk = spare.isEmpty() ? new Chunk() : spare.removeLast();
            chunks.put(operation.change().chunk(), chunk);
        }
        chunk.operations.add(operation);
    }

    /// The operation is acknowledged; reads that waited for nothing else are served. What was
    /// purged while they waited holds nothing that could be read: zeros would be a lie.
    void remove(Operation operation, Effects effects) {
        long id = operation.change().chunk();
        Chunk chunk = operation.change().kind() == Change.Kind.PURGE ? null : chunks.get(id);
        if (chunk == null) {
            return;
        }
        chunk.operations.remove(operation);
        if (!chunk.reads.isEmpty()) {
            chunk.reads.removeIf(read -> serveIfClear(chunk, read, effects));
        }
        if (chunk.operations.isEmpty()) {
            chunks.remove(id);
            if (spare.size() < SPARE_MAX) {
                spare.add(chunk);
            }
        }
    }

    boolean isClear(long id, int block, int blockCount) {
        Chunk chunk = chunks.get(id);
        return chunk == null || isClear(chunk, block, blockCount);
    }

    /// The read waits until its blocks are clear; refused when too many wait already.
    void await(Ticket ticket, long id, int block, int blockCount, Effects effects) {
        Chunk chunk = chunks.get(id);
        if (chunk == null || reads >= readsMax) {
            effects.answer(ticket, Outcome.OVERLOADED);
            return;
        }
        reads++;
        chunk.reads.add(new WaitingRead(ticket, id, block, blockCount));
    }

    void end(Outcome why, Effects effects) {
        chunks.forEach(chunk -> chunk.reads.forEach(read -> effects.answer(read.ticket(), why)));
        chunks.clear();
        reads = 0;
    }

    private boolean serveIfClear(Chunk chunk, WaitingRead read, Effects effects) {
        if (!isClear(chunk, read.block(), read.blockCount())) {
            return false;
        }
        reads--;
        if (index.exists(read.chunk())) {
            effects.serveRead(read.ticket());
        } else {
            effects.answer(read.ticket(), Outcome.NO_SUCH_CHUNK);
        }
        return true;
    }

    /// A chunk in the making has no readable block before it is made everywhere.
    private static boolean isClear(Chunk chunk, int block, int blockCount) {
        for (Operation operation : chunk.operations) {
            if (operation.change().makesChunk() || operation.change().overlaps(block, blockCount)) {
                return false;
            }
        }
        return true;
    }
}
