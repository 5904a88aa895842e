package io.coppice.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.port.Time;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PeerTest {
    private final Transport transport = Transport.create("peer-test", 2);

    @AfterEach
    void stop() {
        transport.close();
    }

    /// Answers every request with its own payload.
    private static final class Echo implements FrameHandler {
        @Override
        public void opened(Connection connection) {}

        @Override
        public void frame(Connection connection, DataHeader header, ByteBuf payload) {
            if (header.getKind() == DataKind.HELLO) {
                payload.release();
            } else {
                connection.send(header.toBuilder().setReply(true).build(), payload);
            }
        }

        @Override
        public void closed(Connection connection, String why) {}
    }

    private static final class Answer implements ReplyHandler {
        final CompletableFuture<Integer> bytes = new CompletableFuture<>();

        @Override
        public void reply(DataHeader header, ByteBuf payload) {
            bytes.complete(payload.readableBytes());
            payload.release();
        }

        @Override
        public void failed(String why) {
            bytes.completeExceptionally(new IllegalStateException(why));
        }
    }

    private Answer call(Peer peer, io.netty.channel.EventLoop loop, int bytes, long timeoutMillis) {
        var answer = new Answer();
        loop.execute(() ->
                peer.call(
                        DataHeader.newBuilder().setKind(DataKind.WRITE),
                        Unpooled.wrappedBuffer(new byte[bytes]),
                        TimeUnit.MILLISECONDS.toNanos(timeoutMillis),
                        answer));
        return answer;
    }

    @Test
    void manyRequestsAreAnsweredByTheirOwnReplies() throws Exception {
        var server = transport.listen(new InetSocketAddress("127.0.0.1", 0), Echo::new);
        var loop = transport.next();
        try (var peer =
                new Peer(
                        transport,
                        loop,
                        server.address(),
                        Hello.getDefaultInstance(),
                        PeerConfig.defaults(),
                        Time.system())) {
            var answers = new Answer[300];
            for (int i = 0; i < answers.length; i++) {
                answers[i] = call(peer, loop, i * 700, 10_000);
            }
            for (int i = 0; i < answers.length; i++) {
                assertEquals(i * 700, answers[i].bytes.get(10, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    void aRequestToNobodyFailsInTimeAndWorksOnceSomebodyListens() throws Exception {
        var server = transport.listen(new InetSocketAddress("127.0.0.1", 0), Echo::new);
        var address = server.address();
        server.close();
        var loop = transport.next();
        try (var peer =
                new Peer(
                        transport,
                        loop,
                        address,
                        Hello.getDefaultInstance(),
                        PeerConfig.defaults(),
                        Time.system())) {
            var failed =
                    call(peer, loop, 1, 200).bytes.handle((bytes, error) -> String.valueOf(error));
            assertTrue(
                    failed.get(10, TimeUnit.SECONDS).contains("no answer in time"), failed.join());
            var waiting = call(peer, loop, 5, 10_000);
            try (var again = transport.listen(address, Echo::new)) {
                assertEquals(5, waiting.bytes.get(10, TimeUnit.SECONDS));
                assertEquals(address, again.address());
            }
        }
    }
}
