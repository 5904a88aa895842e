package io.coppice.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/// An open volume or snapshot: bytes from 0 to [#size]. Thread-safe.
///
/// Offsets and lengths may have any alignment; blocks of 4 KiB that are wholly inside a request are
/// read and written atomically. When a write completes, it is held by every serving replica, and is
/// seen by every read that starts later; it is durable once a [#flush] that started later has
/// completed, or at once with `fua`. Writes under way at the same time that overlap take effect in
/// the order of their calls.
///
/// The first form of each operation calls back; the others give a future. Both complete on
/// [#eventLoop]. Calls made on that loop start at once; others hop over. A buffer that is passed in
/// must stay unchanged until the completion; the device keeps its own reference meanwhile, the
/// caller's stays the caller's.
public interface BlockDevice extends AutoCloseable {
    /// `volume` or `volume@snapshot`, as it was opened.
    String name();

    /// Number of the volume, which it keeps under every name.
    long volume();

    /// Number of the snapshot; 0: this is the live volume.
    long snapshot();

    /// Bytes; follows resizes of the volume.
    long size();

    boolean readOnly();

    /// Calls `listener` on the event loop with the new size after each resize.
    void onSizeChange(LongConsumer listener);

    /// The loop on which completions are called.
    EventLoop eventLoop();

    /// Fills `target` from its writer index with as many bytes as it has room for
    /// ([ByteBuf#writableBytes]); on success the writer index has moved to its capacity.
    void read(long offset, ByteBuf target, Completion done);

    /// Writes the readable bytes of `source`; its indexes do not move.
    void write(long offset, ByteBuf source, boolean fua, Completion done);

    /// Makes every write that has completed before this call durable on every serving replica.
    void flush(Completion done);

    /// The range need not be kept: whole blocks in it read as zeros afterwards and take no space,
    /// parts of blocks at its ends are left alone.
    void discard(long offset, long length, boolean fua, Completion done);

    /// The range reads as zeros afterwards. With `mayUnmap` whole blocks of it take no space, else
    /// zeros are stored.
    void writeZeroes(long offset, long length, boolean mayUnmap, boolean fua, Completion done);

    /// What is stored in a range, in order and without gaps, starting at `offset`. It may end
    /// before the range does (after many extents): ask again from there. Block granularity.
    CompletableFuture<List<Extent>> extents(long offset, long length);

    /// Ends the use of the device when what is under way has completed; a volume's attachment ends
    /// with it. Does not flush.
    CompletableFuture<Void> closeAsync();

    /// As [#closeAsync], and waits, unless called on the event loop.
    @Override
    void close();

    /// As [#read(long, ByteBuf, Completion)].
    default CompletableFuture<Void> read(long offset, ByteBuf target) {
        var future = new CompletableFuture<Void>();
        read(offset, target, completing(future));
        return future;
    }

    /// As [#write(long, ByteBuf, boolean, Completion)], without `fua`.
    default CompletableFuture<Void> write(long offset, ByteBuf source) {
        return write(offset, source, false);
    }

    /// As [#write(long, ByteBuf, boolean, Completion)].
    default CompletableFuture<Void> write(long offset, ByteBuf source, boolean fua) {
        var future = new CompletableFuture<Void>();
        write(offset, source, fua, completing(future));
        return future;
    }

    /// As [#flush(Completion)].
    default CompletableFuture<Void> flush() {
        var future = new CompletableFuture<Void>();
        flush(completing(future));
        return future;
    }

    /// As [#discard(long, long, boolean, Completion)], without `fua`.
    default CompletableFuture<Void> discard(long offset, long length) {
        var future = new CompletableFuture<Void>();
        discard(offset, length, false, completing(future));
        return future;
    }

    /// As [#writeZeroes(long, long, boolean, boolean, Completion)].
    default CompletableFuture<Void> writeZeroes(
            long offset, long length, boolean mayUnmap, boolean fua) {
        var future = new CompletableFuture<Void>();
        writeZeroes(offset, length, mayUnmap, fua, completing(future));
        return future;
    }

    /// The same device for code that waits.
    default BlockingDevice blocking() {
        return new BlockingDevice(this);
    }

    private static Completion completing(CompletableFuture<Void> future) {
        return failure -> {
            if (failure == null) {
                future.complete(null);
            } else {
                future.completeExceptionally(failure);
            }
        };
    }
}
