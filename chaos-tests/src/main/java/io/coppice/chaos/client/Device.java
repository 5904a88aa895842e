package io.coppice.chaos.client;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/// An open volume, by whichever door. Calls wait; they throw when nobody knows what became of them,
/// or when they failed.
public interface Device extends Closeable {
    void read(long offset, ByteBuffer into) throws IOException;

    void write(long offset, ByteBuffer from, boolean fua) throws IOException;

    void zero(long offset, long length) throws IOException;

    void flush() throws IOException;

    /// Whether it is of no use after this failure, and must be opened again.
    boolean isLost(IOException failure);

    /// Whether writes that were acknowledged and not flushed may be gone, when a flush failed so.
    boolean hasLost(IOException failure);

    @Override
    void close();
}
