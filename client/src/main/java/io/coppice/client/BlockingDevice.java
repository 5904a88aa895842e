package io.coppice.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// A [BlockDevice] for code that waits: each call returns when its work is done. Thread-safe; not
/// to be used on the device's event loop.
public final class BlockingDevice {
    private final BlockDevice device;

    BlockingDevice(BlockDevice device) {
        this.device = device;
    }

    /// Fills `target` from its position to its limit.
    public void read(long offset, ByteBuffer target) throws IOException {
        ByteBuf view = Unpooled.wrappedBuffer(target).writerIndex(0);
        await(device.read(offset, view));
        target.position(target.limit());
    }

    /// Reads `length` bytes into `target[from...]`.
    public void read(long offset, byte[] target, int from, int length) throws IOException {
        read(offset, ByteBuffer.wrap(target, from, length));
    }

    /// Writes from the source's position to its limit.
    public void write(long offset, ByteBuffer source) throws IOException {
        await(device.write(offset, Unpooled.wrappedBuffer(source)));
        source.position(source.limit());
    }

    /// Writes `source[from, from + length)`.
    public void write(long offset, byte[] source, int from, int length) throws IOException {
        write(offset, ByteBuffer.wrap(source, from, length));
    }

    /// When this returns, every write that had completed before is durable on every serving
    /// replica.
    public void flush() throws IOException {
        await(device.flush());
    }

    /// As [BlockDevice#discard(long, long)].
    public void discard(long offset, long length) throws IOException {
        await(device.discard(offset, length));
    }

    /// As [BlockDevice#writeZeroes(long, long, boolean, boolean)], without `fua`.
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        await(device.writeZeroes(offset, length, mayUnmap, false));
    }

    /// As [BlockDevice#extents].
    public List<Extent> extents(long offset, long length) throws IOException {
        return await(device.extents(offset, length));
    }

    private <T> T await(CompletableFuture<T> future) throws IOException {
        if (device.eventLoop().inEventLoop()) {
            throw new IllegalStateException("waiting on the event loop would wait for ever");
        }
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DeviceException failure) {
                // A new exception, so that the trace shows who called.
                throw new DeviceException(
                        failure.reason(), String.valueOf(failure.getMessage()), failure);
            }
            throw new IOException(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
