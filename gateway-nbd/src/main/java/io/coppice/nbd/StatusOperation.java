package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import io.coppice.nbd.frame.Request;
import io.coppice.nbd.frame.StatusChunk;
import io.coppice.nbd.frame.StatusQuery;
import java.util.List;

/// BLOCK_STATUS: the device tells extents once, every context makes its own chunk of them.
final class StatusOperation extends Operation implements ExtentsReply {
    private final StatusQuery query;
    private final List<StatusChunk> chunks;

    StatusOperation(TransmissionHandler connection, Request request, StatusQuery query) {
        super(connection, request);
        this.query = query;
        this.chunks =
                query.contexts().stream().map(context -> new StatusChunk(context, query)).toList();
    }

    void start() {
        // One descriptor per context may still be made of several extents that differ in the
        // other context; the client asks again where a short answer ends.
        int countMax = query.one() ? 64 : Protocol.STATUS_DESCRIPTORS_MAX;
        connection.device().extents(query.offset(), query.length(), countMax, this);
    }

    @Override
    public void extent(long length, boolean mapped, boolean shared) {
        for (var chunk : chunks) {
            chunk.add(length, mapped, shared);
        }
    }

    @Override
    public void done() {
        connection.onLoop(this::tell);
    }

    @Override
    public void failed(NbdError error, String why) {
        connection.onLoop(() -> {
            fail(error, why);
            answer();
        });
    }

    private void tell() {
        if (chunks.getFirst().count() == 0) {
            fail(NbdError.EIO, "the device told no extent");
            answer();
            return;
        }
        if (connection.alive()) {
            var replies = connection.replies();
            for (int i = 0; i < chunks.size(); i++) {
                boolean last = i == chunks.size() - 1;
                replies.encoder().status(replies.batch(), request, last, chunks.get(i));
            }
        }
        end();
    }
}
