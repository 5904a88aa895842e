package io.coppice.nbd;

import io.coppice.nbd.frame.ClientOption;
import io.coppice.nbd.frame.MetaContext;
import io.coppice.nbd.frame.OptionDecoder;
import io.coppice.nbd.frame.OptionReplies;
import io.coppice.nbd.frame.Protocol;
import io.coppice.nbd.frame.ProtocolViolation;
import io.coppice.nbd.frame.ReplyStyle;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A connection in the handshake: options are answered one by one; STARTTLS puts TLS under all that
/// follows; GO and EXPORT_NAME open the export, move the connection to the device's event loop and
/// make room for a [TransmissionHandler].
final class HandshakeHandler extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(HandshakeHandler.class);

    /// Nobody haggles that long; a client that does keeps a connection busy for nothing.
    private static final int OPTIONS_MAX = 256;

    /// Bytes not parsed yet: a whole option, and what a hasty client sent behind it.
    private static final int INPUT_BYTES_MAX = 2 * Protocol.OPTION_BYTES_MAX;

    private final GatewayContext gateway;
    private final Channel channel;
    private final PayloadBuffers buffers;
    private final ByteBuf input;
    private final boolean tlsRequired;
    private final Future<?> timeout;

    private @Nullable Integer clientFlags;
    private ReplyStyle style = ReplyStyle.SIMPLE;
    private Set<MetaContext> contexts = Set.of();
    private String contextsExport = "";
    private ClientIdentity identity = ClientIdentity.UNKNOWN;
    private int options;

    /// An option waits for the metadata, for the device, or for the TLS that it asked for.
    private boolean busy;

    private boolean ended;

    /// On the way to the device's loop; what comes meanwhile is kept for there.
    private boolean moving;

    /// @param tlsRequired nothing but STARTTLS is served before TLS
    HandshakeHandler(
            GatewayContext gateway, Channel channel, PayloadBuffers buffers, boolean tlsRequired) {
        this.gateway = gateway;
        this.tlsRequired = tlsRequired;
        this.channel = channel;
        this.buffers = buffers;
        this.input = channel.alloc().buffer(256);
        this.timeout =
                channel.eventLoop()
                        .schedule(
                                () -> drop("no end of the handshake in time"),
                                gateway.limits().handshakeTimeout().toMillis(),
                                TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        send(OptionReplies::greeting);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var bytes = (ByteBuf) message;
        try {
            if (ended && !moving) {
                return;
            }
            if (input.readableBytes() + bytes.readableBytes() > INPUT_BYTES_MAX) {
                drop("too many bytes ahead of our answers");
                channel.close();
                return;
            }
            input.discardSomeReadBytes();
            input.writeBytes(bytes);
        } finally {
            bytes.release();
        }
        parse();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof DecoderException && !isSecure()) {
            turnAway(cause);
        } else if (cause instanceof DecoderException) {
            drop(TlsGate.reason(cause));
        } else if (cause instanceof IOException) {
            log.debug("connection of {} lost: {}", Peers.show(channel), cause.toString());
        } else {
            log.warn("connection of {} closed after a fault of ours", Peers.show(channel), cause);
        }
        end();
        channel.close();
    }

    /// The gateway closes.
    void shutDown() {
        channel.close();
    }

    private void parse() {
        try {
            if (clientFlags == null && !ended) {
                clientFlags = OptionDecoder.clientFlags(input);
            }
            while (clientFlags != null && !busy && !ended) {
                var option = OptionDecoder.option(input);
                if (option == null) {
                    return;
                }
                if (++options > OPTIONS_MAX) {
                    throw new ProtocolViolation("more than " + OPTIONS_MAX + " options");
                }
                if (tlsRequired && !isSecure() && !mayPrecedeTls(option)) {
                    refuseBeforeTls(option);
                } else {
                    answer(option);
                }
            }
        } catch (ProtocolViolation violation) {
            drop(violation.getMessage());
        }
    }

    private void answer(ClientOption option) throws ProtocolViolation {
        switch (option) {
            case ClientOption.ExportName(String name) -> exportName(name);
            case ClientOption.Abort abort -> {
                send(out -> OptionReplies.ack(out, abort.code()));
                end();
                channel.writeAndFlush(Unpooled.EMPTY_BUFFER)
                        .addListener(ChannelFutureListener.CLOSE);
            }
            case ClientOption.ListExports list -> listExports(list);
            case ClientOption.StartTls tls -> startTls(tls);
            case ClientOption.Describe describe -> describe(describe);
            case ClientOption.StructuredReplies structured -> structuredReplies(structured);
            case ClientOption.ExtendedHeaders extended -> {
                style = ReplyStyle.EXTENDED;
                send(out -> OptionReplies.ack(out, extended.code()));
            }
            case ClientOption.MetaContexts meta -> metaContexts(meta);
            case ClientOption.Unknown unknown ->
                    refuse(unknown, Protocol.REP_ERR_UNSUP, "unknown option");
            case ClientOption.Wrong wrong -> wrong(wrong);
        }
    }

    private void wrong(ClientOption.Wrong wrong) throws ProtocolViolation {
        if (wrong.code() == Protocol.OPT_EXPORT_NAME) {
            throw new ProtocolViolation("EXPORT_NAME: " + wrong.why());
        }
        if (wrong.code() == Protocol.OPT_SET_META_CONTEXT) {
            contexts = Set.of(); // also a failed one replaces what was set before
        }
        refuse(wrong, wrong.reply(), wrong.why());
    }

    // TLS.

    private boolean isSecure() {
        return identity.proof() != ClientIdentity.Proof.NONE;
    }

    private static boolean mayPrecedeTls(ClientOption option) {
        return option.code() == Protocol.OPT_STARTTLS || option.code() == Protocol.OPT_ABORT;
    }

    private void refuseBeforeTls(ClientOption option) throws ProtocolViolation {
        gateway.refused().add(Peers.show(channel), "no TLS, which is required here");
        if (option.code() == Protocol.OPT_EXPORT_NAME) {
            throw new ProtocolViolation("EXPORT_NAME without TLS, which is required here");
        }
        refuse(option, Protocol.REP_ERR_TLS_REQD, "TLS is required here");
    }

    /// Whatever was said before TLS may have been said by somebody in between, so it counts for
    /// nothing afterwards.
    private void startTls(ClientOption option) throws ProtocolViolation {
        if (!gateway.tls().isOffered()) {
            refuse(option, Protocol.REP_ERR_UNSUP, "this gateway has no certificates or keys");
            return;
        }
        if (isSecure()) {
            refuse(option, Protocol.REP_ERR_INVALID, "TLS is in use already");
            return;
        }
        if (input.isReadable()) {
            throw new ProtocolViolation("bytes behind STARTTLS ahead of its answer");
        }
        style = ReplyStyle.SIMPLE;
        contexts = Set.of();
        busy = true;
        buffers.encrypted();
        send(out -> OptionReplies.ack(out, option.code()));
        gateway.tls()
                .secure(channel)
                .addListener((Future<ClientIdentity> done) ->
                        // Later, so that the alert to the client is on its way first.
                        channel.eventLoop().execute(() -> ifHere(() -> tlsStarted(done))));
    }

    private void tlsStarted(Future<ClientIdentity> done) {
        if (!done.isSuccess()) {
            turnAway(done.cause());
            return;
        }
        busy = false;
        identity = done.getNow();
        gateway.metrics().connectionSecured();
        log.debug("{} is {}", Peers.show(channel), identity);
        parse();
    }

    /// Whether the failure comes as the end of TLS or through the pipeline first is left to TLS.
    /// Who hung up may only have looked.
    private void turnAway(Throwable failure) {
        if (!ended && !(failure instanceof ClosedChannelException)) {
            gateway.refused().add(Peers.show(channel), TlsGate.reason(failure));
        }
        drop(TlsGate.reason(failure));
    }

    private void structuredReplies(ClientOption option) {
        if (style == ReplyStyle.EXTENDED) {
            refuse(option, Protocol.REP_ERR_EXT_HEADER_REQD, "extended headers are in use");
            return;
        }
        style = ReplyStyle.STRUCTURED;
        send(out -> OptionReplies.ack(out, option.code()));
    }

    private void metaContexts(ClientOption.MetaContexts option) {
        if (option.set()) {
            contexts = Set.of();
        }
        if (!style.chunked()) {
            refuse(option, Protocol.REP_ERR_INVALID, "ask for structured replies first");
            return;
        }
        var found =
                option.set()
                        ? MetaContext.selected(option.queries())
                        : MetaContext.listed(option.queries());
        if (option.set()) {
            contexts = found;
            contextsExport = option.name();
        }
        send(out -> {
            for (var context : found) {
                int id = option.set() ? context.id() : 0;
                OptionReplies.metaContext(out, option.code(), id, context.text());
            }
            OptionReplies.ack(out, option.code());
        });
    }

    private void listExports(ClientOption option) {
        await(
                gateway.exports().list(identity),
                (names, error) -> {
                    if (error != null) {
                        refuse(option, error.replyType(), error.getMessage());
                    } else {
                        list(option, names);
                    }
                    parse();
                });
    }

    private void list(ClientOption option, List<String> names) {
        send(out -> {
            names.forEach(name -> OptionReplies.server(out, name));
            OptionReplies.ack(out, option.code());
        });
    }

    private void describe(ClientOption.Describe option) {
        if (option.go()) {
            go(option);
            return;
        }
        await(
                gateway.exports().describe(option.name(), identity),
                (description, error) -> {
                    if (error != null) {
                        refuse(option, error.replyType(), error.getMessage());
                    } else {
                        send(out -> {
                            infos(out, option, description);
                            OptionReplies.ack(out, option.code());
                        });
                    }
                    parse();
                });
    }

    private void infos(ByteBuf out, ClientOption.Describe option, Exports.Description description) {
        int code = option.code();
        OptionReplies.infoExport(out, code, description.size(), flags(description, option.name()));
        OptionReplies.infoBlockSize(out, code);
        if (option.infos().contains(Protocol.INFO_NAME)) {
            OptionReplies.infoName(out, code, option.name());
        }
        if (option.infos().contains(Protocol.INFO_DESCRIPTION)) {
            OptionReplies.infoDescription(
                    out,
                    code,
                    description.readOnly() ? "Coppice snapshot, read-only" : "Coppice volume");
        }
    }

    private int flags(Exports.Description description, String name) {
        return style.exportFlags(description.readOnly(), !selected(name).isEmpty());
    }

    /// Contexts count only for the export that they were selected for.
    private Set<MetaContext> selected(String name) {
        return contexts.isEmpty() || !contextsExport.equals(name)
                ? Set.of()
                : EnumSet.copyOf(contexts);
    }

    // Into the transmission phase.

    private void exportName(String name) throws ProtocolViolation {
        if (style == ReplyStyle.EXTENDED) {
            throw new ProtocolViolation("EXPORT_NAME after extended headers");
        }
        open(
                name,
                error -> drop("export '" + name + "': " + error.getMessage()),
                (out, description) -> {
                    int sent = clientFlags == null ? 0 : clientFlags;
                    boolean bare = (sent & Protocol.FLAG_NO_ZEROES) != 0;
                    OptionReplies.exportName(
                            out, description.size(), flags(description, name), bare);
                });
    }

    private void go(ClientOption.Describe option) {
        open(
                option.name(),
                error -> {
                    refuse(option, error.replyType(), error.getMessage());
                    parse();
                },
                (out, description) -> {
                    infos(out, option, description);
                    OptionReplies.ack(out, option.code());
                });
    }

    private void open(
            String name,
            java.util.function.Consumer<ExportException> failed,
            BiConsumer<ByteBuf, Exports.Description> lastAnswer) {
        busy = true;
        gateway.open()
                .acquire(name, identity)
                .whenComplete((lease, error) ->
                        channel.eventLoop()
                                .execute(() -> {
                                    busy = false;
                                    if (error != null) {
                                        ifHere(() -> failed.accept(ExportException.of(error)));
                                    } else if (ended) {
                                        lease.close();
                                    } else {
                                        move(lease, lastAnswer);
                                    }
                                }));
    }

    /// Takes the connection to the loop of its device, so that its requests never change threads.
    private void move(
            OpenExports.Lease lease, BiConsumer<ByteBuf, Exports.Description> lastAnswer) {
        ended = true;
        timeout.cancel(false);
        var loop = lease.device().eventLoop();
        if (loop == null || loop == channel.eventLoop()) {
            transmit(lease, lastAnswer);
            return;
        }
        moving = true;
        channel.config().setAutoRead(false);
        channel.deregister()
                .addListener((ChannelFuture left) ->
                        loop.register(channel)
                                .addListener((ChannelFuture arrived) ->
                                        arrived(arrived, lease, lastAnswer)));
    }

    private void arrived(
            ChannelFuture arrived,
            OpenExports.Lease lease,
            BiConsumer<ByteBuf, Exports.Description> lastAnswer) {
        if (!arrived.isSuccess()) {
            if (!(arrived.cause() instanceof IOException)) { // otherwise the client just left
                log.warn("{} could not change loops", Peers.show(channel), arrived.cause());
            }
            lease.close();
            input.release();
            channel.close();
            return;
        }
        transmit(lease, lastAnswer);
    }

    private void transmit(
            OpenExports.Lease lease, BiConsumer<ByteBuf, Exports.Description> lastAnswer) {
        if (!channel.isActive()) {
            lease.close();
            input.release();
            channel.close();
            return;
        }
        var device = lease.device();
        var description = new Exports.Description(device.size(), device.readOnly());
        send(out -> lastAnswer.accept(out, description));
        var negotiated = new Negotiated(style, selected(lease.name()));
        var handler = new TransmissionHandler(gateway, lease, negotiated, channel, buffers, input);
        log.debug(
                "{}, {}, uses export {} ({})", Peers.show(channel), identity, lease.name(), style);
        channel.pipeline().replace(this, "transmission", handler);
    }

    // Answers.

    private <T> void await(
            CompletableFuture<T> future, BiConsumer<T, @Nullable ExportException> then) {
        busy = true;
        future.whenComplete((value, error) ->
                channel.eventLoop()
                        .execute(() -> {
                            busy = false;
                            var reason = error == null ? null : ExportException.of(error);
                            ifHere(() -> then.accept(value, reason));
                        }));
    }

    private void ifHere(Runnable task) {
        if (!ended) {
            task.run();
        }
    }

    private void refuse(ClientOption option, int type, @Nullable String why) {
        String message = why == null ? "refused" : why;
        send(out -> OptionReplies.error(out, option.code(), type, message));
    }

    private void send(java.util.function.Consumer<ByteBuf> writer) {
        var out = channel.alloc().buffer(256);
        writer.accept(out);
        channel.writeAndFlush(out, channel.voidPromise());
    }

    private void drop(@Nullable String why) {
        if (!ended) {
            gateway.metrics().connectionDropped();
            log.info("dropped {}: {}", Peers.show(channel), why);
            end();
            channel.close();
        }
    }

    private void end() {
        if (!ended) {
            ended = true;
            timeout.cancel(false);
            input.release();
        }
    }
}
