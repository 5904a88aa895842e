package io.coppice.node.lane;

import com.google.protobuf.ByteString;
import io.coppice.net.Connection;
import io.coppice.net.FrameHandler;
import io.coppice.net.Network;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The stream of operations to one other node: no answer per frame, the acknowledgements that come
/// back are cumulative per group. What is sent while there is no connection is lost; the replicas
/// send it again when they hear that the link is up.
final class ReplicaLink implements FrameHandler {
    private static final int BACKOFF_MILLIS_MIN = 10;
    private static final int BACKOFF_MILLIS_MAX = 500;

    /// Whom the link tells; always on its loop.
    interface Listener {
        void linkUp(ReplicaLink link);

        void linkDown(ReplicaLink link, String why);

        void acknowledgement(DataHeader header);
    }

    private final Network network;
    private final EventLoop loop;
    private final SocketAddress address;
    private final Greeting greeting;

    /// The pass that the present connection has shown.
    private ByteString shown = ByteString.EMPTY;

    private final Listener listener;
    private @Nullable Connection connection;
    private int backoffMillis = BACKOFF_MILLIS_MIN;
    private boolean connecting;
    private boolean closed;
    private boolean dirty;

    ReplicaLink(
            Network network,
            EventLoop loop,
            SocketAddress address,
            Greeting greeting,
            Listener listener) {
        this.network = network;
        this.loop = loop;
        this.address = address;
        this.greeting = greeting;
        this.listener = listener;
    }

    SocketAddress address() {
        return address;
    }

    boolean isUp() {
        return connection != null;
    }

    /// Takes the payload over. True: this is the first frame since the last flush.
    boolean send(DataHeader header, @Nullable ByteBuf payload) {
        Connection now = connection;
        if (now == null) {
            if (payload != null) {
                payload.release();
            }
            connect();
            return false;
        }
        showPass(now);
        now.send(header, payload);
        boolean first = !dirty;
        dirty = true;
        return first;
    }

    void flush() {
        dirty = false;
        Connection now = connection;
        if (now != null) {
            now.flush();
        }
    }

    void connect() {
        if (!connecting && !closed && connection == null) {
            connecting = true;
            network.connect(loop, address, this);
        }
    }

    void close() {
        closed = true;
        Connection now = connection;
        if (now != null) {
            now.close("closed");
        }
    }

    @Override
    public void opened(Connection opened) {
        connecting = false;
        if (closed) {
            opened.close("closed");
            return;
        }
        connection = opened;
        backoffMillis = BACKOFF_MILLIS_MIN;
        var hello = DataHeader.newBuilder().setKind(DataKind.HELLO);
        opened.send(hello.setHello(greeting.hello()).build(), null);
        shown = ByteString.EMPTY;
        showPass(opened);
        listener.linkUp(this);
    }

    private void showPass(Connection to) {
        ByteString now = greeting.pass().get();
        if (now != shown) {
            shown = now;
            to.send(
                    DataHeader.newBuilder().setKind(DataKind.OPEN).setCapability(now).build(),
                    null);
        }
    }

    @Override
    public void frame(Connection from, DataHeader header, ByteBuf payload) {
        payload.release();
        if (header.getKind() == DataKind.REPLICATE && header.getReply()) {
            listener.acknowledgement(header);
        }
    }

    @Override
    public void closed(Connection gone, String why) {
        boolean was = connection == gone;
        if (was) {
            connection = null;
            dirty = false;
        }
        if (!closed) {
            connecting = true; // a pause first, so that a dead address is not hammered
            loop.schedule(this::reconnect, backoffMillis, TimeUnit.MILLISECONDS);
            backoffMillis = Math.min(backoffMillis * 2, BACKOFF_MILLIS_MAX);
        }
        if (was) {
            listener.linkDown(this, why);
        }
    }

    private void reconnect() {
        connecting = false;
        connect();
    }
}
