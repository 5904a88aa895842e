package io.coppice.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/// A block device as the gateway needs it. Ranges are inside the device and not empty; the gateway
/// checked that. Called on [#eventLoop()] when there is one.
interface ExportDevice {
    /// Bytes; may change while the device is open.
    long size();

    boolean readOnly();

    /// False once the device can serve nobody any more (its attachment was taken over, its client
    /// closed): the next connection opens it anew.
    boolean usable();

    /// Where calls run without a change of threads; connections move there. Null: anywhere.
    @Nullable EventLoop eventLoop();

    void read(long offset, int length, ReadReply reply);

    /// Takes `data` over.
    ///
    /// @param fua whether the write must be durable before it is done
    void write(long offset, ByteBuf data, boolean fua, Completion completion);

    /// Makes every write that was done before durable, whichever connection it came from.
    void flush(Completion completion);

    /// Forgets the range; it reads as zeros or as before, block by block.
    void discard(long offset, long length, boolean fua, Completion completion);

    /// @param mayUnmap whether blocks may become unmapped; otherwise zeros are stored
    void writeZeroes(
            long offset, long length, boolean mayUnmap, boolean fua, Completion completion);

    /// Tells up to about `countMax` extents from `offset` on, at least one.
    void extents(long offset, long length, int countMax, ExtentsReply reply);

    /// Releases it. No operation is under way.
    void close();
}
