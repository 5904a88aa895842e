package io.coppice.node.lane;

import io.coppice.node.store.ChunkStore;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// What a turn of the loop gives to the store at once, and the buffers that its data is in.
final class Batch {
    private static final int FEW_OPERATIONS = 4;

    private final ChunkStore store;
    private final LaneMetrics metrics;
    private final List<ByteBuf> buffers = new ArrayList<>();

    Batch(ChunkStore store, LaneMetrics metrics) {
        this.store = store;
        this.metrics = metrics;
    }

    /// Takes over a reference, until the batch is released.
    void hold(ByteBuf buffer) {
        buffers.add(buffer);
    }

    /// Its operations leave for the other replicas before it is written here, so that their disks
    /// work while ours does. Those of a larger one leave with the acknowledgements that follow the
    /// write: a system call costs more than that is worth.
    boolean isSmall() {
        return buffers.size() < FEW_OPERATIONS;
    }

    void commit() throws IOException {
        if (store.hasBatch()) {
            metrics.batchOperations.update(buffers.size());
            try (var _ = metrics.writeAppend.time()) {
                store.commitBatch();
            }
        }
    }

    void release() {
        buffers.forEach(ByteBuf::release);
        buffers.clear();
    }
}
