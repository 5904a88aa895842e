package io.coppice.chaos.client;

import io.coppice.nbd.frame.Protocol;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// A volume by NBD: one connection, one request at a time, simple replies. What the connection's
/// server says in an error is passed on; whatever else goes wrong ends the connection. One thread.
public final class NbdDevice implements Device {
    private static final int CONNECT_MILLIS = 2_000;

    /// No gateway keeps a client waiting longer than its own deadline of 30 s.
    private static final int ANSWER_MILLIS = 45_000;

    /// The gateway's attachment has ended: this connection does nothing more.
    private static final int ESHUTDOWN = 108;

    private static final int CLIENT_FLAGS = 3; // fixed newstyle, no zeroes

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private long cookie;
    private boolean broken;

    /// An answer that says that a request failed.
    private static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        private final int error;

        Refused(int error) {
            super("NBD error " + error);
            this.error = error;
        }
    }

    /// @param server `HOST:PORT`
    public NbdDevice(String server, String export) throws IOException {
        int colon = server.lastIndexOf(':');
        socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.connect(
                    new InetSocketAddress(
                            server.substring(0, colon),
                            Integer.parseInt(server.substring(colon + 1))),
                    CONNECT_MILLIS);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
            go(export);
        } catch (IOException failed) {
            socket.close();
            throw failed;
        }
    }

    private void go(String export) throws IOException {
        in.readFully(new byte[Protocol.GREETING_BYTES]);
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        out.writeInt(CLIENT_FLAGS);
        out.writeLong(Protocol.OPTION_MAGIC);
        out.writeInt(Protocol.OPT_GO);
        out.writeInt(Integer.BYTES + name.length + Short.BYTES);
        out.writeInt(name.length);
        out.write(name);
        out.writeShort(0);
        out.flush();
        while (true) {
            if (in.readLong() != Protocol.OPTION_REPLY_MAGIC) {
                throw new IOException("no option reply");
            }
            in.readInt();
            int type = in.readInt();
            byte[] data = new byte[in.readInt()];
            in.readFully(data);
            if (type == Protocol.REP_ACK) {
                return;
            }
            if (type != Protocol.REP_INFO) {
                throw new IOException(
                        "the export is refused: " + new String(data, StandardCharsets.UTF_8));
            }
        }
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        request(0, Protocol.CMD_READ, offset, into.remaining(), null);
        byte[] data = new byte[into.remaining()];
        receive(data);
        into.put(data);
    }

    @Override
    public void write(long offset, ByteBuffer from, boolean fua) throws IOException {
        int flags = fua ? Protocol.CMD_FLAG_FUA : 0;
        request(flags, Protocol.CMD_WRITE, offset, from.remaining(), from);
        receive(new byte[0]);
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        request(0, Protocol.CMD_WRITE_ZEROES, offset, (int) length, null);
        receive(new byte[0]);
    }

    @Override
    public void flush() throws IOException {
        request(0, Protocol.CMD_FLUSH, 0, 0, null);
        receive(new byte[0]);
    }

    private void request(
            int flags,
            int command,
            long offset,
            int length,
            @org.jspecify.annotations.Nullable ByteBuffer data)
            throws IOException {
        broken = true; // until it is answered
        out.writeInt(Protocol.REQUEST_MAGIC);
        out.writeShort(flags);
        out.writeShort(command);
        out.writeLong(++cookie);
        out.writeLong(offset);
        out.writeInt(length);
        if (data != null) {
            out.write(data.array(), data.arrayOffset() + data.position(), data.remaining());
        }
        out.flush();
    }

    private void receive(byte[] data) throws IOException {
        if (in.readInt() != Protocol.SIMPLE_REPLY_MAGIC) {
            throw new IOException("no simple reply");
        }
        int error = in.readInt();
        if (in.readLong() != cookie) {
            throw new IOException("an answer to another request");
        }
        if (error == 0) {
            in.readFully(data);
        }
        broken = false;
        if (error != 0) {
            throw new Refused(error);
        }
    }

    @Override
    public boolean isLost(IOException failure) {
        return broken || failure instanceof Refused refused && refused.error == ESHUTDOWN;
    }

    /// NBD has no word for why.
    @Override
    public boolean hasLost(IOException failure) {
        return true;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException alreadyGone) {
            // Nothing is lost with it.
        }
    }
}
