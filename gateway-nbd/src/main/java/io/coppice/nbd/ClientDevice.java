package io.coppice.nbd;

import io.coppice.client.BlockDevice;
import io.coppice.client.DeviceException;
import io.coppice.client.Extent;
import io.coppice.model.Blocks;
import io.coppice.nbd.frame.NbdError;
import io.coppice.wire.pb.OpenedSource;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// A volume or snapshot of the cluster, opened through the client library.
final class ClientDevice implements ExportDevice {
    /// Shorter runs of zeros are sent as data: many small chunks cost the client more than they
    /// save.
    private static final int HOLE_BYTES_MIN = 4 * Blocks.BLOCK_BYTES;

    private final BlockDevice device;
    private volatile boolean lost;

    ClientDevice(BlockDevice device) {
        this.device = device;
    }

    boolean isOf(OpenedSource source) {
        return device.volume() == source.getVolume() && device.snapshot() == source.getSnapshot();
    }

    @Override
    public long size() {
        return device.size();
    }

    @Override
    public boolean readOnly() {
        return device.readOnly();
    }

    @Override
    public boolean usable() {
        return !lost;
    }

    @Override
    public EventLoop eventLoop() {
        return device.eventLoop();
    }

    @Override
    public void read(long offset, int length, ReadReply reply) {
        var target = PooledByteBufAllocator.DEFAULT.directBuffer(length, length);
        device.read(
                offset,
                target,
                failure -> {
                    try {
                        if (failure == null) {
                            tellRuns(offset, target, reply);
                            reply.done();
                        } else {
                            reply.failed(error(failure, NbdError.EINVAL), message(failure));
                        }
                    } finally {
                        target.release();
                    }
                });
    }

    @Override
    public void write(long offset, ByteBuf data, boolean fua, Completion completion) {
        device.write(
                offset,
                data,
                fua,
                failure -> {
                    data.release();
                    tell(failure, NbdError.ENOSPC, completion);
                });
    }

    @Override
    public void flush(Completion completion) {
        device.flush(failure -> tell(failure, NbdError.EIO, completion));
    }

    @Override
    public void discard(long offset, long length, boolean fua, Completion completion) {
        device.discard(offset, length, fua, failure -> tell(failure, NbdError.EINVAL, completion));
    }

    @Override
    public void writeZeroes(
            long offset, long length, boolean mayUnmap, boolean fua, Completion completion) {
        device.writeZeroes(
                offset,
                length,
                mayUnmap,
                fua,
                failure -> tell(failure, NbdError.ENOSPC, completion));
    }

    @Override
    public void extents(long offset, long length, int countMax, ExtentsReply reply) {
        device.extents(offset, length)
                .whenComplete((extents, error) -> {
                    if (error == null) {
                        tellExtents(offset, length, extents, countMax, reply);
                        reply.done();
                    } else {
                        var failure = unwrapped(error);
                        reply.failed(error(failure, NbdError.EINVAL), message(failure));
                    }
                });
    }

    @Override
    public void close() {
        var closing = device.closeAsync();
        if (closing.isCompletedExceptionally()) {
            lost = true;
        }
    }

    /// Tells `data` as runs of bytes and of zeros; borders of runs are borders of blocks.
    static void tellRuns(long offset, ByteBuf data, ReadReply reply) {
        int end = data.writerIndex();
        int told = 0;
        int zeroesFrom = -1;
        for (int at = 0; at < end; ) {
            int block = Blocks.BLOCK_BYTES - (int) ((offset + at) & (Blocks.BLOCK_BYTES - 1));
            int length = Math.min(block, end - at);
            boolean zeroes = isZero(data, at, length);
            if (zeroes && zeroesFrom < 0) {
                zeroesFrom = at;
            } else if (!zeroes && zeroesFrom >= 0) {
                told = tellHole(data, told, zeroesFrom, at, reply);
                zeroesFrom = -1;
            }
            at += length;
        }
        if (zeroesFrom >= 0) {
            told = tellHole(data, told, zeroesFrom, end, reply);
        }
        if (told < end) {
            reply.data(data.retainedSlice(told, end - told));
        }
    }

    /// Tells the data from `told` on and the zeros behind them, if those are worth it. Returns
    /// where the untold bytes start.
    private static int tellHole(ByteBuf data, int told, int from, int to, ReadReply reply) {
        boolean everything = from == 0 && to == data.writerIndex();
        if (to - from < HOLE_BYTES_MIN && !everything) {
            return told;
        }
        if (told < from) {
            reply.data(data.retainedSlice(told, from - told));
        }
        reply.hole(to - from);
        return to;
    }

    private static boolean isZero(ByteBuf data, int from, int length) {
        int at = from;
        int end = from + length;
        for (; at + Long.BYTES <= end; at += Long.BYTES) {
            if (data.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < end; at++) {
            if (data.getByte(at) != 0) {
                return false;
            }
        }
        return true;
    }

    /// Extents have the grain of blocks: the first may start before the range, the last end behind.
    static void tellExtents(
            long offset, long length, List<Extent> extents, int countMax, ExtentsReply reply) {
        long end = offset + length;
        int count = 0;
        for (var extent : extents) {
            long from = Math.max(offset, extent.offset());
            long to = Math.min(end, extent.offset() + extent.length());
            if (from < to && count++ < countMax) {
                reply.extent(to - from, extent.mapped(), extent.shared());
            }
        }
    }

    private void tell(
            @Nullable DeviceException failure, NbdError beyondEnd, Completion completion) {
        if (failure == null) {
            completion.done();
        } else {
            completion.failed(error(failure, beyondEnd), message(failure));
        }
    }

    /// `beyondEnd` is what the protocol wants for a range that a shrinking volume left outside.
    private NbdError error(Throwable failure, NbdError beyondEnd) {
        if (!(failure instanceof DeviceException known)) {
            return NbdError.EIO;
        }
        return switch (known.reason()) {
            case OUT_OF_RANGE -> beyondEnd;
            case READ_ONLY, NOT_ALLOWED -> NbdError.EPERM;
            case CLOSED, LOST -> {
                lost = true;
                yield NbdError.ESHUTDOWN;
            }
            case NO_SPACE -> NbdError.ENOSPC;
            case TIMED_OUT, OVERLOADED, IO_ERROR, WRITES_LOST, NOT_FOUND, IN_USE, NO_KEY ->
                    NbdError.EIO;
        };
    }

    private static Throwable unwrapped(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null
                ? error.getCause()
                : error;
    }

    private static String message(Throwable failure) {
        var message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
