package io.coppice.node.lane;

import io.coppice.net.Connection;
import io.coppice.node.replica.Outcome;
import io.coppice.node.replica.Ticket;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// One request of a client or of another node, until it is answered.
public final class Request implements Ticket {
    private final Connection connection;
    private final long id;
    private final DataKind kind;
    private final int group;
    private final long epoch;
    private final long chunk;
    private final int block;
    private final int blockCount;
    final long startNanos;

    /// When its checks had passed and it went to the replica.
    long decidedNanos;

    public Request(Connection connection, DataHeader header, long startNanos) {
        this.connection = connection;
        this.id = header.getRequestId();
        this.kind = header.getKind();
        this.group = header.getGroup();
        this.epoch = header.getEpoch();
        this.chunk = header.getChunk();
        this.block = header.getBlock();
        this.blockCount = header.getBlockCount();
        this.startNanos = startNanos;
    }

    /// It names the checksum, or the version, of what it wants: data that matches is right,
    /// whatever the replica that has it is to its group now.
    boolean ofContent;

    public DataKind kind() {
        return kind;
    }

    public int group() {
        return group;
    }

    public long epoch() {
        return epoch;
    }

    public long chunk() {
        return chunk;
    }

    public int block() {
        return block;
    }

    public int blockCount() {
        return blockCount;
    }

    /// A reply to this request, to be completed.
    public DataHeader.Builder reply(DataStatus status) {
        return DataHeader.newBuilder()
                .setRequestId(id)
                .setKind(kind)
                .setReply(true)
                .setStatus(status);
    }

    /// Sends the answer; takes `payload` over.
    public void answer(DataHeader.Builder reply, @Nullable ByteBuf payload) {
        settle();
        connection.send(reply.build(), payload);
    }

    /// The answer is the connection's matter from now on.
    private void settle() {
        if (connection.attachment() instanceof Accepted accepted
                && accepted.paid(Accepted.of(kind, blockCount))) {
            connection
                    .eventLoop()
                    .execute(() ->
                            connection.setReading(accepted.mayRead() && connection.isWritable()));
        }
    }

    public void refuse(DataStatus status, String why) {
        settle();
        connection.send(reply(status).setMessage(why).build(), null);
    }

    void answer(Outcome outcome, long epochHere) {
        DataHeader.Builder reply = reply(status(outcome));
        if (outcome == Outcome.STALE_EPOCH || outcome == Outcome.NOT_PRIMARY) {
            reply.setGroup(group).setEpoch(epochHere);
        }
        if (outcome == Outcome.TOO_OLD) {
            reply.setMessage("the request is older than everything remembered of its session");
        }
        settle();
        connection.send(reply.build(), null);
    }

    static DataStatus status(Outcome outcome) {
        return switch (outcome) {
            case OK -> DataStatus.OK;
            case STALE_EPOCH -> DataStatus.STALE_EPOCH;
            case NOT_PRIMARY -> DataStatus.NOT_PRIMARY;
            case SEALED -> DataStatus.SEALED;
            case FENCED -> DataStatus.FENCED;
            case NO_SPACE -> DataStatus.NO_SPACE;
            case NO_SUCH_CHUNK -> DataStatus.NO_SUCH_CHUNK;
            case NOT_SERVING -> DataStatus.NOT_SERVING;
            case OVERLOADED -> DataStatus.OVERLOADED;
            case TOO_OLD -> DataStatus.TOO_OLD;
        };
    }

    /// What a member answered; a status that this room does not know is "not now".
    static Outcome outcome(DataStatus status) {
        return switch (status) {
            case OK -> Outcome.OK;
            case STALE_EPOCH -> Outcome.STALE_EPOCH;
            case NOT_PRIMARY -> Outcome.NOT_PRIMARY;
            case NO_SPACE -> Outcome.NO_SPACE;
            case OVERLOADED -> Outcome.OVERLOADED;
            case NO_SUCH_CHUNK -> Outcome.NO_SUCH_CHUNK;
            case TOO_OLD -> Outcome.TOO_OLD;
            default -> Outcome.NOT_SERVING;
        };
    }
}
