package io.coppice.nbd;

import io.coppice.nbd.frame.Protocol;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Timer;
import java.util.TimerTask;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// A client that says exactly what a test wants, right or wrong. Its socket closes after twenty
/// seconds, so that no test waits for ever.
final class RawClient implements AutoCloseable {
    private static final Timer WATCH = new Timer("raw-client-watch", true);

    /// An option reply.
    record OptionReply(int option, int type, byte[] data) {}

    /// A chunk of the extended style.
    record Chunk(int flags, int type, long cookie, long offset, byte[] payload) {
        boolean done() {
            return (flags & Protocol.REPLY_FLAG_DONE) != 0;
        }

        int error() {
            return ByteBuffer.wrap(payload).getInt();
        }
    }

    final SocketChannel channel;
    DataInputStream in;
    private OutputStream out;
    private final TimerTask limit;

    RawClient(Path socket) throws IOException {
        this(SocketChannel.open(StandardProtocolFamily.UNIX), UnixDomainSocketAddress.of(socket));
    }

    RawClient(InetSocketAddress address) throws IOException {
        this(SocketChannel.open(), address);
    }

    private RawClient(SocketChannel unconnected, SocketAddress address) throws IOException {
        channel = unconnected;
        channel.connect(address);
        InputStream bytes = Channels.newInputStream(channel);
        in = new DataInputStream(bytes);
        out = Channels.newOutputStream(channel);
        limit =
                new TimerTask() {
                    @Override
                    public void run() {
                        close();
                    }
                };
        WATCH.schedule(limit, 20_000);
    }

    /// Greeting and client flags.
    RawClient greet(int flags) throws IOException {
        in.readNBytes(Protocol.GREETING_BYTES);
        return send(ByteBuffer.allocate(4).putInt(flags));
    }

    /// STARTTLS, its answer and the handshake; from now on everything is said over TLS. TCP only.
    RawClient startTls(SSLContext context) throws IOException {
        option(Protocol.OPT_STARTTLS, new byte[0]).expectAck();
        var secure =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(channel.socket(), "localhost", 0, true);
        secure.startHandshake();
        in = new DataInputStream(secure.getInputStream());
        out = secure.getOutputStream();
        return this;
    }

    /// Straight to the transmission phase with extended headers and both contexts.
    RawClient goExtended(String export) throws IOException {
        greet(3);
        option(Protocol.OPT_EXTENDED_HEADERS, new byte[0]);
        expectAck();
        option(
                Protocol.OPT_SET_META_CONTEXT,
                metaQuery(export, "base:allocation", "coppice:shared"));
        reply();
        reply();
        expectAck();
        return go(export);
    }

    RawClient go(String export) throws IOException {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        option(
                Protocol.OPT_GO,
                ByteBuffer.allocate(6 + name.length)
                        .putInt(name.length)
                        .put(name)
                        .putShort((short) 0)
                        .array());
        for (var reply = reply(); reply.type() != Protocol.REP_ACK; reply = reply()) {
            if (reply.type() != Protocol.REP_INFO) {
                throw new IOException("GO refused: " + Integer.toHexString(reply.type()));
            }
        }
        return this;
    }

    static byte[] metaQuery(String export, String... queries) {
        var data = ByteBuffer.allocate(4096);
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        data.putInt(name.length).put(name).putInt(queries.length);
        for (String query : queries) {
            byte[] text = query.getBytes(StandardCharsets.UTF_8);
            data.putInt(text.length).put(text);
        }
        return java.util.Arrays.copyOf(data.array(), data.position());
    }

    RawClient option(int option, byte[] data) throws IOException {
        return send(
                ByteBuffer.allocate(16 + data.length)
                        .putLong(Protocol.OPTION_MAGIC)
                        .putInt(option)
                        .putInt(data.length)
                        .put(data));
    }

    OptionReply reply() throws IOException {
        if (in.readLong() != Protocol.OPTION_REPLY_MAGIC) {
            throw new IOException("no option reply");
        }
        int option = in.readInt();
        int type = in.readInt();
        return new OptionReply(option, type, in.readNBytes(in.readInt()));
    }

    void expectAck() throws IOException {
        var reply = reply();
        if (reply.type() != Protocol.REP_ACK) {
            throw new IOException("no ACK but " + Integer.toHexString(reply.type()));
        }
    }

    /// A compact request.
    RawClient request(int flags, int command, long cookie, long offset, int length)
            throws IOException {
        return send(
                ByteBuffer.allocate(28)
                        .putInt(Protocol.REQUEST_MAGIC)
                        .putShort((short) flags)
                        .putShort((short) command)
                        .putLong(cookie)
                        .putLong(offset)
                        .putInt(length));
    }

    /// An extended request.
    RawClient extended(int flags, int command, long cookie, long offset, long length)
            throws IOException {
        return send(
                ByteBuffer.allocate(32)
                        .putInt(Protocol.EXTENDED_REQUEST_MAGIC)
                        .putShort((short) flags)
                        .putShort((short) command)
                        .putLong(cookie)
                        .putLong(offset)
                        .putLong(length));
    }

    Chunk chunk() throws IOException {
        if (in.readInt() != Protocol.EXTENDED_REPLY_MAGIC) {
            throw new IOException("no extended reply");
        }
        int flags = in.readUnsignedShort();
        int type = in.readUnsignedShort();
        long cookie = in.readLong();
        long offset = in.readLong();
        return new Chunk(flags, type, cookie, offset, in.readNBytes((int) in.readLong()));
    }

    RawClient send(ByteBuffer bytes) throws IOException {
        out.write(bytes.array(), 0, bytes.position());
        return this;
    }

    RawClient send(byte[] bytes) throws IOException {
        out.write(bytes);
        return this;
    }

    /// Reads and drops what comes until the server closes or says nothing for a while.
    void listen() throws IOException {
        channel.configureBlocking(false);
        var heard = ByteBuffer.allocate(64 << 10);
        for (int quietMillis = 0; quietMillis < 15; quietMillis++) {
            int count = channel.read(heard.clear());
            if (count < 0) {
                return;
            }
            if (count > 0) {
                quietMillis = 0;
            } else {
                java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
            }
        }
    }

    /// Whether the server closed the connection, after whatever it still said.
    boolean dropped() {
        try {
            in.skipNBytes(Long.MAX_VALUE);
            return false;
        } catch (EOFException end) {
            return true;
        } catch (IOException reset) {
            return reset.getMessage() != null && reset.getMessage().contains("reset");
        }
    }

    @Override
    public void close() {
        limit.cancel();
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
