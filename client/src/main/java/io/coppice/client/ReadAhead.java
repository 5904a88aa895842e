package io.coppice.client;

import io.coppice.client.plan.ChunkOp;

/// How far to read ahead for one device: where one read after the other goes on from where the last
/// one ended, and nothing else is under way. Who has several requests under way hides the way to
/// the node himself; of him more would only be read twice. Follows one stream. On the event loop.
final class ReadAhead {
    /// A request with what is read ahead is at most so long.
    static final int BLOCKS = 32;

    /// So many reads in a row make a stream.
    private static final int STREAM_READS = 2;

    private final int blocksPerChunk;
    private long nextIndex = -1;
    private int nextBlock;
    private int run;

    ReadAhead(int blocksPerChunk) {
        this.blocksPerChunk = blocksPerChunk;
    }

    /// Takes note of a read; so many blocks behind it are worth reading with it.
    int reading(ChunkOp op, boolean alone) {
        int end = op.block() + op.blockCount();
        boolean goesOn =
                op.index() == nextIndex
                        && end >= nextBlock
                        && (op.block() == nextBlock || op.block() == nextBlock - 1);
        run = goesOn ? run + 1 : 0;
        nextIndex = end == blocksPerChunk ? op.index() + 1 : op.index();
        nextBlock = end == blocksPerChunk ? 0 : end;
        boolean pays = alone && run >= STREAM_READS;
        return pays ? Math.max(0, Math.min(BLOCKS - op.blockCount(), blocksPerChunk - end)) : 0;
    }
}
