package io.coppice.nbd;

import io.coppice.nbd.frame.ReplyEncoder;
import io.coppice.nbd.frame.ReplyStyle;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import org.jspecify.annotations.Nullable;

/// What leaves a connection. Headers gather in one buffer; data of reads go out as they came from
/// the device; the socket is flushed once at the end of a turn of the event loop, so answers that
/// become ready together leave in one system call. Used on the connection's loop.
final class Replies {
    private static final int BATCH_BYTES = 1 << 10;
    private static final int BATCH_BYTES_MAX = 32 << 10;
    private static final int ZEROES_BYTES = 256 << 10;
    private static final ByteBuf ZEROES =
            Unpooled.unreleasableBuffer(
                    Unpooled.directBuffer(ZEROES_BYTES, ZEROES_BYTES)
                            .writeZero(ZEROES_BYTES)
                            .asReadOnly());

    private final Channel channel;
    private final ReplyEncoder encoder;
    private @Nullable ByteBuf batch;
    private boolean flushPlanned;
    private boolean unflushed;

    Replies(Channel channel, ReplyStyle style) {
        this.channel = channel;
        this.encoder = new ReplyEncoder(style);
    }

    ReplyEncoder encoder() {
        return encoder;
    }

    /// Where headers and small answers are written; what is in it leaves with the next flush.
    ByteBuf batch() {
        if (batch != null && batch.readableBytes() >= BATCH_BYTES_MAX) {
            cut();
        }
        if (batch == null) {
            batch = channel.alloc().directBuffer(BATCH_BYTES);
        }
        planFlush();
        return batch;
    }

    /// Sends `data`, which it takes over, behind everything before.
    void data(ByteBuf data, @Nullable ChannelFutureListener whenGone) {
        cut();
        unflushed = true;
        if (whenGone == null) {
            channel.write(data, channel.voidPromise());
        } else {
            channel.write(data).addListener(whenGone);
        }
        planFlush();
    }

    /// Sends `length` zeros.
    void zeroes(int length, @Nullable ChannelFutureListener whenGone) {
        int left = length;
        while (left > ZEROES_BYTES) {
            data(ZEROES.slice(0, ZEROES_BYTES), null);
            left -= ZEROES_BYTES;
        }
        data(ZEROES.slice(0, left), whenGone);
    }

    void flush() {
        cut();
        if (unflushed) {
            unflushed = false;
            channel.flush();
        }
    }

    /// Drops what was not sent.
    void release() {
        if (batch != null) {
            batch.release();
            batch = null;
        }
    }

    private void cut() {
        var full = batch;
        if (full != null) {
            batch = null;
            unflushed = true;
            channel.write(full, channel.voidPromise());
        }
    }

    private void planFlush() {
        if (!flushPlanned) {
            flushPlanned = true;
            channel.eventLoop().execute(this::flushPlanned);
        }
    }

    private void flushPlanned() {
        flushPlanned = false;
        flush();
    }
}
