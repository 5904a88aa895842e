package io.coppice.client;

import io.coppice.model.Blocks;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Asks chunk by chunk what is stored in a range, a bounded number at a time, and joins the
/// answers. Stops early in a very long range. On the event loop.
final class ExtentQuery {
    private static final int WINDOW = 64;
    private static final int CHUNKS_MAX = 8_192;

    /// Chunks with data cost a request each: enough of them is enough for one answer.
    private static final int MAPPED_MAX = 256;

    private final RemoteDevice device;
    private final long offset;
    private final long end;
    private final CompletableFuture<List<Extent>> future;
    private final List<DataOp> asked = new ArrayList<>();
    private long position;
    private int underWay;
    private int mapped;
    private boolean issuing;
    private @Nullable DeviceException failure;

    ExtentQuery(
            RemoteDevice device, long offset, long length, CompletableFuture<List<Extent>> future) {
        this.device = device;
        this.offset = offset;
        this.position = offset;
        this.end = offset + length;
        this.future = future;
    }

    void run() {
        if (issuing) {
            return;
        }
        issuing = true;
        while (hasNext() && underWay < WINDOW) {
            long chunkBytes = device.chunkBytes();
            long chunkEnd = Math.min(end, (position / chunkBytes + 1) * chunkBytes);
            var op = device.extentOp(position, (int) (chunkEnd - position), this::answered);
            position = chunkEnd;
            asked.add(op);
            underWay++;
            device.start(op);
        }
        issuing = false;
        if (underWay == 0 && !hasNext()) {
            finish();
        }
    }

    private boolean hasNext() {
        return position < end
                && failure == null
                && asked.size() < CHUNKS_MAX
                && mapped < MAPPED_MAX;
    }

    private void answered(@Nullable DeviceException why) {
        underWay--;
        if (why != null && failure == null) {
            failure = why;
        }
        if (why == null && !asked.getLast().hole) {
            mapped++;
        }
        run();
    }

    private void finish() {
        if (failure != null) {
            future.completeExceptionally(failure);
        } else {
            future.complete(join());
        }
    }

    private List<Extent> join() {
        var joined = new Joined();
        for (DataOp op : asked) {
            long chunkStart = op.index() * device.chunkBytes();
            if (op.hole) {
                long from = chunkStart + ((long) op.block() << Blocks.BLOCK_SHIFT);
                joined.add(from, (long) op.blockCount() << Blocks.BLOCK_SHIFT, false, false);
                continue;
            }
            for (int i = 0; i < op.blockCount(); i++) {
                boolean held = op.present.length == 0 || DataOp.isMapped(op.present, i);
                boolean shared = held && !(op.ownedSlot() && DataOp.isMapped(op.own, i));
                long from = chunkStart + ((long) (op.block() + i) << Blocks.BLOCK_SHIFT);
                joined.add(from, Blocks.BLOCK_BYTES, held, shared);
            }
        }
        joined.flush();
        return joined.extents;
    }

    /// Joins neighbours that are alike, and cuts the first and last to what was asked.
    private final class Joined {
        final List<Extent> extents = new ArrayList<>();
        private long from = offset;
        private long to = offset;
        private boolean mapped;
        private boolean shared;

        void add(long blockStart, long length, boolean held, boolean isShared) {
            if (to > from && (held != mapped || isShared != shared)) {
                flush();
            }
            mapped = held;
            shared = isShared;
            to = Math.min(end, blockStart + length);
        }

        void flush() {
            if (to > from) {
                extents.add(new Extent(from, to - from, mapped, shared));
                from = to;
            }
        }
    }
}
