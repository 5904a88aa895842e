package io.coppice.client;

import io.coppice.wire.pb.AbandonChunks;
import io.coppice.wire.pb.ClientMessage;
import io.netty.channel.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leased chunk ids that will not be used go back, many in one message. Lives on the client's loop.
final class AbandonedChunks {
    private static final Logger LOG = LoggerFactory.getLogger(AbandonedChunks.class);
    private static final int PER_MESSAGE_MAX = 4_096;

    private final EventLoop loop;
    private final ControlSession session;
    private final AbandonChunks.Builder unsent = AbandonChunks.newBuilder();

    AbandonedChunks(EventLoop loop, ControlSession session) {
        this.loop = loop;
        this.session = session;
    }

    void add(long chunk) {
        if (session.session() == 0) {
            return; // they went with their session
        }
        if (unsent.getChunksCount() == 0) {
            loop.execute(this::send);
        }
        unsent.addChunks(chunk);
        if (unsent.getChunksCount() >= PER_MESSAGE_MAX) {
            send();
        }
    }

    /// They went with their session.
    void clear() {
        unsent.clear();
    }

    private void send() {
        if (unsent.getChunksCount() == 0 || session.session() == 0) {
            unsent.clear();
            return;
        }
        long sequence = session.nextSequence();
        var message = ClientMessage.newBuilder().setAbandon(unsent.setSequence(sequence).build());
        unsent.clear();
        session.call(
                message,
                sequence,
                answer -> {
                    if (answer.hasFailure()) {
                        LOG.debug(
                                "chunk ids were not taken back: {}",
                                answer.getFailure().getMessage());
                    }
                });
    }
}
