package io.coppice.client.plan;

import java.util.function.IntPredicate;
import java.util.function.IntToLongFunction;

/// Tags as the storage nodes of these tests want them.
final class NodeTags {
    private NodeTags() {}

    static long fresh(long chunk) {
        return chunk * 5;
    }

    private static long read(long chunk) {
        return chunk * 3;
    }

    private static long write(long chunk, long generation) {
        return chunk * 7 + generation;
    }

    static Tags of(
            int count, IntToLongFunction chunks, IntPredicate isOwned, long presentGeneration) {
        var read = new long[count];
        var write = new long[count];
        for (int i = 0; i < count; i++) {
            long chunk = chunks.applyAsLong(i);
            boolean owned = chunk != 0 && isOwned.test(i);
            read[i] = read(chunk);
            write[i] = owned ? write(chunk, presentGeneration) : 0;
        }
        return new Tags(read, write);
    }

    /// Whether the request shows what it needs.
    static boolean areRight(ChunkOp op) {
        boolean fresh = op.tag() == fresh(op.chunk());
        if (op.isReading()) {
            return op.tag() == read(op.chunk());
        }
        if (op.fromChunk() != 0) {
            return fresh && op.fromTag() == read(op.fromChunk());
        }
        return fresh || (!op.create() && op.tag() == write(op.chunk(), op.generation()));
    }
}
