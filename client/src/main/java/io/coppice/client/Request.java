package io.coppice.client;

import io.coppice.client.plan.ChunkOp.Kind;
import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// A request of more than one piece, or one that had to queue: hands out its pieces from front to
/// back, and completes when all of them have, or with the first failure.
final class Request implements Completion {
    final Kind kind;
    final boolean fua;
    final long startNanos;
    final long deadlineNanos;
    final @Nullable ByteBuf buffer;
    private final Pieces cut;
    private final boolean repeatsBuffer;
    private final Completion done;
    private final int bufferStart;
    private final long start;
    private long position;
    private final long end;
    private int open;
    private boolean told;
    private @Nullable DeviceException failure;

    /// @param repeatsBuffer every piece takes the buffer's first bytes (zeros)
    Request(
            Kind kind,
            Pieces cut,
            long offset,
            long length,
            @Nullable ByteBuf buffer,
            int bufferStart,
            boolean repeatsBuffer,
            boolean fua,
            long startNanos,
            long deadlineNanos,
            Completion done) {
        this.kind = kind;
        this.cut = cut;
        this.start = offset;
        this.position = offset;
        this.end = offset + length;
        this.buffer = buffer == null ? null : buffer.retain();
        this.bufferStart = bufferStart;
        this.repeatsBuffer = repeatsBuffer;
        this.fua = fua;
        this.startNanos = startNanos;
        this.deadlineNanos = deadlineNanos;
        this.done = done;
    }

    boolean hasNext() {
        return position < end && failure == null;
    }

    /// The next piece. The caller has asked [#hasNext].
    DataOp next(RemoteDevice device) {
        long from = position;
        long to = cut.end(kind, from, end);
        int index = buffer == null || repeatsBuffer ? 0 : (int) (bufferStart + from - start);
        position = to;
        open++;
        return cut.piece(device, this, from, (int) (to - from), index);
    }

    /// One piece is done.
    @Override
    public void done(@Nullable DeviceException pieceFailure) {
        open--;
        if (failure == null) {
            failure = pieceFailure;
        }
        tellIfOver();
    }

    /// Ends before all pieces were handed out.
    void fail(DeviceException why) {
        if (failure == null) {
            failure = why;
        }
        tellIfOver();
    }

    /// After the last piece was handed out, too: all of them may be done already.
    void tellIfOver() {
        if (!told && open == 0 && !hasNext()) {
            told = true;
            if (buffer != null) {
                buffer.release();
            }
            done.done(failure);
        }
    }

    static long alignUp(long bytes) {
        return Blocks.count(bytes) << Blocks.BLOCK_SHIFT;
    }
}
