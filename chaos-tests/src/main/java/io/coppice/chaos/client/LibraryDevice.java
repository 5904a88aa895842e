package io.coppice.chaos.client;

import io.coppice.client.BlockDevice;
import io.coppice.client.DeviceException;
import io.coppice.client.DeviceException.Reason;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/// A volume by the client library. Thread-safe.
public final class LibraryDevice implements Device {
    private final BlockDevice device;

    public LibraryDevice(BlockDevice device) {
        this.device = device;
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        device.blocking().read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from, boolean fua) throws IOException {
        await(device.write(offset, Unpooled.wrappedBuffer(from), fua));
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        await(device.writeZeroes(offset, length, true, false));
    }

    @Override
    public void flush() throws IOException {
        await(device.flush());
    }

    private static void await(Future<Void> future) throws IOException {
        try {
            future.get();
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof IOException why
                    ? why
                    : new IOException(failed.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    @Override
    public boolean isLost(IOException failure) {
        return failure instanceof DeviceException known
                && (known.reason() == Reason.LOST || known.reason() == Reason.CLOSED);
    }

    @Override
    public boolean hasLost(IOException failure) {
        boolean nothingWasLost =
                failure instanceof DeviceException known
                        && known.reason() != Reason.WRITES_LOST
                        && known.reason() != Reason.IO_ERROR;
        return isLost(failure) || !nothingWasLost;
    }

    @Override
    public void close() {
        device.close();
    }
}
