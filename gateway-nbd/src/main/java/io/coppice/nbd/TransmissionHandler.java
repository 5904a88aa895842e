package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.ProtocolViolation;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A connection in the transmission phase: its events, its life and its bounds. Requests are parsed
/// in order by [RequestIntake] and run side by side. Parsing pauses, and with it the reading of the
/// socket, while too many are under way, while the client does not take its answers, and while
/// memory is short.
final class TransmissionHandler extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(TransmissionHandler.class);

    private final GatewayContext gateway;
    private final OpenExports.Lease lease;
    private final Channel channel;
    private final Replies replies;
    private final Credit credit;
    private final RequestIntake intake;

    private int underWay;

    /// Credit was refused by the connection's own bound: only its own releases can help.
    private boolean atOwnBound;

    private boolean running;

    /// No more requests are parsed; when the last one is answered the connection closes.
    private boolean disconnecting;

    private boolean closed;
    private boolean left;

    /// @param rest bytes that came behind the handshake; taken over
    TransmissionHandler(
            GatewayContext gateway,
            OpenExports.Lease lease,
            Negotiated negotiated,
            Channel channel,
            PayloadBuffers buffers,
            ByteBuf rest) {
        this.gateway = gateway;
        this.lease = lease;
        this.channel = channel;
        this.replies = new Replies(channel, negotiated.style());
        this.credit =
                new Credit(
                        gateway.budget(),
                        gateway.limits().allowanceBytes(),
                        gateway.limits().connectionBytesMax(),
                        () -> channel.eventLoop().execute(this::creditGranted));
        this.intake = new RequestIntake(this, negotiated, buffers, rest);
    }

    // What intake and operations need.

    Channel channel() {
        return channel;
    }

    ExportDevice device() {
        return lease.device();
    }

    Replies replies() {
        return replies;
    }

    Credit credit() {
        return credit;
    }

    GatewayMetrics metrics() {
        return gateway.metrics();
    }

    /// Whether answers still reach anybody.
    boolean alive() {
        return !closed;
    }

    /// Runs `task` on the connection's loop: now when we are there.
    void onLoop(Runnable task) {
        var loop = channel.eventLoop();
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    /// Takes credit, or returns false: parsing pauses until it may be there.
    boolean acquire(long bytes) {
        if (credit.acquire(bytes)) {
            return true;
        }
        atOwnBound = !credit.waiting();
        return false;
    }

    void creditReturned() {
        atOwnBound = false;
        run();
    }

    /// Whether one more request may be under way.
    boolean mayStart() {
        return underWay < gateway.limits().requestsMax();
    }

    void operationStarted() {
        underWay++;
    }

    void operationEnded() {
        underWay--;
        if (underWay == 0 && closed) {
            leave();
        } else if (underWay == 0 && disconnecting) {
            disconnect();
        } else {
            run();
        }
    }

    /// The client said goodbye: what is under way is answered, then the connection closes.
    void clientLeaves() {
        disconnecting = true;
        if (underWay == 0) {
            disconnect();
        }
    }

    /// The gateway closes: as above, except that a write whose payload is not here yet fails.
    void shutDown() {
        onLoop(() -> {
            if (!closed && !disconnecting) {
                intake.abandon(NbdError.ESHUTDOWN, "the gateway is shutting down");
                clientLeaves();
            }
        });
    }

    // Events of the channel.

    /// Starts to serve; the handshake's last answer was written.
    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        run();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (closed || disconnecting) {
            ((ByteBuf) message).release();
        } else {
            intake.received((ByteBuf) message);
            run();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        replies.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable()) {
            run();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closed = true;
        replies.release();
        credit.close();
        intake.abandon(NbdError.EIO, "the connection was lost");
        if (underWay == 0) {
            leave();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof DecoderException) {
            metrics().connectionDropped();
            log.info("dropped {}: {}", Peers.show(channel), TlsGate.reason(cause));
        } else if (cause instanceof IOException) {
            log.debug("connection of {} lost: {}", Peers.show(channel), cause.toString());
        } else {
            log.warn("connection of {} closed after a fault of ours", Peers.show(channel), cause);
        }
        channel.close();
    }

    private void run() {
        if (running || closed) {
            return;
        }
        running = true;
        try {
            while (!paused() && intake.step()) {
                // each step consumed bytes or started something
            }
        } catch (ProtocolViolation violation) {
            metrics().connectionDropped();
            log.info("dropped {}: {}", Peers.show(channel), violation.getMessage());
            disconnecting = true;
            channel.close();
        } finally {
            running = false;
        }
        if (!closed) {
            channel.config().setAutoRead(!paused() && !intake.hasInput());
        }
    }

    private boolean paused() {
        return disconnecting || atOwnBound || credit.waiting() || !channel.isWritable();
    }

    private void creditGranted() {
        credit.settle();
        if (closed) {
            credit.close();
        } else {
            run();
        }
    }

    private void disconnect() {
        replies.flush();
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void leave() {
        if (!left) {
            left = true;
            lease.close();
        }
    }
}
