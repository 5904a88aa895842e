package io.coppice.sim;

import io.coppice.net.Connection;
import io.coppice.net.FrameHandler;
import io.coppice.net.Network;
import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The data plane: framed connections over [Wires].
final class SimNetwork {
    private record Listener(Host host, Supplier<FrameHandler> handlers) {}

    private final Wires wires;
    private final Map<String, Listener> listeners = new HashMap<>();

    SimNetwork(Wires wires) {
        this.wires = wires;
    }

    /// From now on `host` answers at the address.
    void listen(String address, Host host, Supplier<FrameHandler> handlers) {
        listeners.put(address, new Listener(host, handlers));
    }

    /// Whether the machine answers that nobody listens.
    boolean refuses(Host asking, String address) {
        Listener there = listeners.get(address);
        return there != null
                && !there.host.isAlive()
                && !wires.isDark(there.host)
                && wires.reaches(asking, there.host)
                && wires.reaches(there.host, asking);
    }

    /// The network as one host sees it.
    Network of(Host host) {
        return (loop, to, handler) -> connect(host, loop, to, handler);
    }

    private void connect(Host from, EventLoop loop, SocketAddress to, FrameHandler handler) {
        String address = io.coppice.net.Transport.show(to);
        Listener there = listeners.get(address);
        var near = new End(from, loop, handler, to);
        if (there == null) {
            from.execute(() -> near.gone("cannot connect to " + address));
            return;
        }
        wires.open(
                from,
                there.host,
                new Wires.Opening() {
                    @Override
                    public void accepted(Wires.Wire wire) {
                        FrameHandler accepting = there.handlers.get();
                        var far = new End(there.host, there.host.loop(), accepting, to);
                        far.join(wire, near);
                        accepting.opened(far);
                    }

                    @Override
                    public void opened(Wires.Wire wire) {
                        near.wire = wire;
                        near.open = true;
                        handler.opened(near);
                    }

                    @Override
                    public void closed(Host where, String why) {
                        End end = where == from ? near : near.other;
                        if (end != null) {
                            end.gone(why);
                        }
                    }
                });
    }

    /// One end of a connection.
    private static final class End implements Connection {
        private final Host host;
        private final EventLoop loop;
        private final FrameHandler handler;
        private final SocketAddress remote;
        private Wires.@Nullable Wire wire;
        private @Nullable End other;
        private @Nullable Object attachment;
        private boolean open;
        private boolean told;
        private @Nullable String reason;

        End(Host host, EventLoop loop, FrameHandler handler, SocketAddress remote) {
            this.host = host;
            this.loop = loop;
            this.handler = handler;
            this.remote = remote;
        }

        void join(Wires.Wire joined, End near) {
            wire = joined;
            open = true;
            other = near;
            near.other = this;
        }

        @Override
        public void send(DataHeader header, @Nullable ByteBuf payload) {
            ByteBuf copy = payload == null ? Unpooled.EMPTY_BUFFER : Unpooled.copiedBuffer(payload);
            if (payload != null) {
                payload.release();
            }
            Wires.Wire over = wire;
            End to = other;
            if (open && over != null && to != null) {
                over.send(host, () -> to.receive(header, copy));
            }
        }

        private void receive(DataHeader header, ByteBuf payload) {
            if (open) {
                handler.frame(this, header, payload);
                handler.batchEnd(this);
            }
        }

        private void gone(String why) {
            open = false;
            if (!told) {
                told = true;
                handler.closed(this, reason == null ? why : reason);
            }
        }

        @Override
        public void close(String why) {
            if (reason == null) {
                reason = why;
            }
            Wires.Wire over = wire;
            open = false;
            if (over != null) {
                over.close(host);
            }
            host.execute(() -> gone(why));
        }

        @Override
        public void flush() {
            // Everything leaves at once.
        }

        @Override
        public EventLoop eventLoop() {
            return loop;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public long bytesAboveBound() {
            return 0;
        }

        @Override
        public void setReading(boolean reading) {
            // Nothing is ever unwritable here.
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public SocketAddress remote() {
            return remote;
        }

        @Override
        public @Nullable Object attachment() {
            return attachment;
        }

        @Override
        public void attach(@Nullable Object state) {
            attachment = state;
        }
    }
}
