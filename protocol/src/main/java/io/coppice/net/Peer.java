package io.coppice.net;

import com.google.protobuf.ByteString;
import io.coppice.port.Time;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Requests to one address, multiplexed over one connection that is made on first use and again
/// after it broke. Requests leave in the order of the calls, on one connection; those that were in
/// flight when it broke fail, because their outcome is unknown. Bound to one event loop: every
/// method but [#close] is called there, and handlers are called there.
public final class Peer implements AutoCloseable {
    private static final long TIMEOUT_SCAN_MILLIS = 100;

    private final Network network;
    private final EventLoop loop;
    private final SocketAddress address;
    private final Hello hello;
    private final PeerConfig config;
    private final Time time;
    private final LongObjectHashMap<Pending> inFlight = new LongObjectHashMap<>();
    private final ArrayDeque<Pending> waiting = new ArrayDeque<>();

    /// What every connection shows before anything else, by volume.
    private final Map<Long, ByteString> capabilities = new LinkedHashMap<>();

    private @Nullable Connection connection;
    private @Nullable ScheduledFuture<?> timeoutScan;
    private long lastRequestId;
    private int backoffMillis;
    private boolean connecting;
    private boolean closed;
    private String lastFailure = "not connected yet";

    private static final class Pending {
        final DataHeader.Builder request;
        final ReplyHandler handler;
        final long deadlineNanos;
        @Nullable ByteBuf payload;

        Pending(
                DataHeader.Builder request,
                @Nullable ByteBuf payload,
                long deadlineNanos,
                ReplyHandler handler) {
            this.request = request;
            this.payload = payload;
            this.deadlineNanos = deadlineNanos;
            this.handler = handler;
        }

        void fail(String why) {
            if (payload != null) {
                payload.release();
                payload = null;
            }
            handler.failed(why);
        }
    }

    public Peer(
            Network network,
            EventLoop loop,
            SocketAddress address,
            Hello hello,
            PeerConfig config,
            Time time) {
        this.network = network;
        this.time = time;
        this.loop = loop;
        this.address = address;
        this.hello = hello;
        this.config = config;
        this.backoffMillis = config.backoffMillisMin();
    }

    public SocketAddress address() {
        return address;
    }

    public int inFlight() {
        return inFlight.size() + waiting.size();
    }

    /// False while the socket is above its bound.
    public boolean isWritable() {
        Connection now = connection;
        return now == null || now.isWritable();
    }

    /// Sends `request` (its id is set here) and takes `payload` over. `timeoutNanos` counts from
    /// now, waiting for a connection included.
    public void call(
            DataHeader.Builder request,
            @Nullable ByteBuf payload,
            long timeoutNanos,
            ReplyHandler handler) {
        var pending = new Pending(request, payload, time.nanos() + timeoutNanos, handler);
        if (closed || inFlight() >= config.requestsMax()) {
            String why =
                    closed ? "closed" : "more than " + config.requestsMax() + " requests under way";
            loop.execute(() -> pending.fail(Transport.show(address) + ": " + why));
            return;
        }
        Connection now = connection;
        if (now != null) {
            transmit(now, pending);
        } else {
            waiting.add(pending);
            connect();
        }
        scheduleTimeouts();
    }

    /// Shows a capability before whatever is called from now on, also on later connections. Empty:
    /// there is nothing to show.
    ///
    /// @param volume the capability replaces the one shown for the same volume; 0: it is of none
    public void open(long volume, ByteString capability) {
        ByteString before =
                capability.isEmpty()
                        ? capabilities.remove(volume)
                        : capabilities.put(volume, capability);
        Connection now = connection;
        if (now != null && !capability.isEmpty() && !capability.equals(before)) {
            now.send(opening(capability), null);
        }
    }

    private static DataHeader opening(ByteString capability) {
        return DataHeader.newBuilder().setKind(DataKind.OPEN).setCapability(capability).build();
    }

    /// Sends what was called so far now, without waiting for the end of the loop's turn.
    public void flush() {
        Connection now = connection;
        if (now != null) {
            now.flush();
        }
    }

    /// Everything under way fails. Any thread.
    @Override
    public void close() {
        if (loop.inEventLoop()) {
            closeNow();
        } else if (!loop.isShuttingDown()) {
            loop.execute(this::closeNow);
        }
    }

    private void closeNow() {
        closed = true;
        Connection now = connection;
        if (now != null) {
            now.close("closed");
        }
        failAll("closed");
        if (timeoutScan != null) {
            timeoutScan.cancel(false);
            timeoutScan = null;
        }
    }

    private void transmit(Connection to, Pending pending) {
        long id = ++lastRequestId;
        inFlight.put(id, pending);
        ByteBuf payload = pending.payload;
        pending.payload = null;
        to.send(pending.request.setRequestId(id).build(), payload);
    }

    private void connect() {
        if (!connecting && !closed && connection == null) {
            connecting = true;
            network.connect(loop, address, new Handler());
        }
    }

    private void failAll(String why) {
        String line = Transport.show(address) + ": " + why;
        var failed = new ArrayList<Pending>(inFlight.values());
        inFlight.clear();
        failed.addAll(waiting);
        waiting.clear();
        failed.forEach(pending -> pending.fail(line));
    }

    private void scheduleTimeouts() {
        if (timeoutScan == null && !closed) {
            timeoutScan =
                    loop.scheduleWithFixedDelay(
                            this::scanTimeouts,
                            TIMEOUT_SCAN_MILLIS,
                            TIMEOUT_SCAN_MILLIS,
                            TimeUnit.MILLISECONDS);
        }
    }

    private void scanTimeouts() {
        if (inFlight() == 0) {
            if (timeoutScan != null) {
                timeoutScan.cancel(false);
                timeoutScan = null;
            }
            return;
        }
        long now = time.nanos();
        var late = new ArrayList<Pending>();
        inFlight.entries()
                .forEach(entry -> {
                    if (entry.value().deadlineNanos - now <= 0) {
                        late.add(entry.value());
                    }
                });
        inFlight.values().removeAll(late);
        waiting.removeIf(pending -> pending.deadlineNanos - now <= 0 && late.add(pending));
        late.forEach(pending ->
                pending.fail(
                        Transport.show(address) + ": no answer in time (" + lastFailure + ")"));
    }

    private final class Handler implements FrameHandler {
        @Override
        public void opened(Connection opened) {
            connecting = false;
            if (closed) {
                opened.close("closed");
                return;
            }
            connection = opened;
            lastFailure = "connected";
            backoffMillis = config.backoffMillisMin();
            opened.send(
                    DataHeader.newBuilder().setKind(DataKind.HELLO).setHello(hello).build(), null);
            capabilities.values().forEach(each -> opened.send(opening(each), null));
            Pending next;
            while ((next = waiting.poll()) != null) {
                transmit(opened, next);
            }
        }

        @Override
        public void frame(Connection from, DataHeader header, ByteBuf payload) {
            Pending pending = header.getReply() ? inFlight.remove(header.getRequestId()) : null;
            if (pending == null) {
                payload.release(); // an answer that came after its deadline, or the peer's own
                // hello
                return;
            }
            pending.handler.reply(header, payload);
        }

        @Override
        public void closed(Connection gone, String why) {
            connecting = false;
            lastFailure = why;
            if (connection == gone) {
                connection = null;
                failInFlight(why);
            }
            if (!closed && !waiting.isEmpty()) {
                connecting =
                        true; // a pause, so that calls made meanwhile do not hammer the address
                loop.schedule(this::reconnect, backoffMillis, TimeUnit.MILLISECONDS);
                backoffMillis = Math.min(backoffMillis * 2, config.backoffMillisMax());
            }
        }

        private void reconnect() {
            connecting = false;
            connect();
        }

        private void failInFlight(String why) {
            var failed = new ArrayList<Pending>(inFlight.values());
            inFlight.clear();
            failed.forEach(pending -> pending.fail(Transport.show(address) + ": " + why));
        }
    }
}
