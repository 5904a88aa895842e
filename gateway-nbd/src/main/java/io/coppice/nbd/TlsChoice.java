package io.coppice.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslClientHelloHandler;
import io.netty.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Waits for a client's first message and makes way for the TLS that it asks for: with a pre-shared
/// key when it brings one, else with certificates.
final class TlsChoice extends SslClientHelloHandler<Boolean> {
    /// Clients say about 2 KiB, the keys for times of quantum computers included.
    private static final int HELLO_BYTES_MAX = 16 << 10;

    private static final int VERSION_AND_RANDOM_BYTES = 34;
    private static final int EXTENSION_PRE_SHARED_KEY = 41;

    private final Supplier<ChannelHandler> withKey;
    private final Supplier<ChannelHandler> withCertificates;

    TlsChoice(Supplier<ChannelHandler> withKey, Supplier<ChannelHandler> withCertificates) {
        super(HELLO_BYTES_MAX);
        this.withKey = withKey;
        this.withCertificates = withCertificates;
    }

    @Override
    protected Future<Boolean> lookup(ChannelHandlerContext context, @Nullable ByteBuf hello) {
        return context.executor().newSucceededFuture(hello != null && bringsKey(hello));
    }

    @Override
    protected void onLookupComplete(ChannelHandlerContext context, Future<Boolean> found) {
        var next = Boolean.TRUE.equals(found.getNow()) ? withKey : withCertificates;
        context.pipeline().replace(this, TlsGate.HANDLER, next.get());
    }

    /// Whether a ClientHello (from its version on) has the extension with pre-shared keys, and the
    /// first of them is not the ticket of an earlier session: only a ticket has an age (RFC 8446,
    /// 4.2.11).
    static boolean bringsKey(ByteBuf hello) {
        var in = hello.slice();
        if (!skip(in, VERSION_AND_RANDOM_BYTES)
                || !skipVector(in, 1) // session
                || !skipVector(in, 2) // cipher suites
                || !skipVector(in, 1) // compression methods
                || !skip(in, 2)) {
            return false;
        }
        while (in.readableBytes() >= 4) {
            if (in.readUnsignedShort() == EXTENSION_PRE_SHARED_KEY) {
                return skip(in, 4) // lengths of the extension and of all identities
                        && skipVector(in, 2) // the first identity
                        && in.readableBytes() >= 4
                        && in.readInt() == 0;
            }
            if (!skipVector(in, 2)) {
                return false;
            }
        }
        return false;
    }

    private static boolean skipVector(ByteBuf in, int lengthBytes) {
        if (in.readableBytes() < lengthBytes) {
            return false;
        }
        return skip(in, lengthBytes == 1 ? in.readUnsignedByte() : in.readUnsignedShort());
    }

    private static boolean skip(ByteBuf in, int count) {
        if (in.readableBytes() < count) {
            return false;
        }
        in.skipBytes(count);
        return true;
    }
}
