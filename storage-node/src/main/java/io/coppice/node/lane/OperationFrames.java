package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.node.replica.Change;
import io.coppice.node.replica.Operation;
import io.coppice.node.replica.Origin;
import io.coppice.node.replica.Payload;
import io.coppice.node.store.BlockRead;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.netty.buffer.ByteBuf;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Operations and changes <-> headers of frames. Everything that comes from the network is bounded
/// here.
final class OperationFrames {
    private final int blocksPerChunk;
    private final CRC32C crc = new CRC32C();

    OperationFrames(int blocksPerChunk) {
        this.blocksPerChunk = blocksPerChunk;
    }

    int blocksPerChunk() {
        return blocksPerChunk;
    }

    // ---------------------------------------------------------------- checks

    /// Why a header that names blocks of a chunk cannot be right; null: it can.
    @Nullable String rangeProblem(DataHeader header, boolean mayBeEmpty) {
        if (header.getChunk() == 0) {
            return "no chunk is named";
        }
        if (ChunkId.group(header.getChunk()) != header.getGroup()) {
            return "the chunk is not of group " + header.getGroup();
        }
        int block = header.getBlock();
        int count = header.getBlockCount();
        boolean fits =
                block >= 0
                        && count >= 0
                        && block <= blocksPerChunk
                        && count <= blocksPerChunk - block;
        if (!fits || (count == 0 && !mayBeEmpty)) {
            return "blocks "
                    + Integer.toUnsignedString(block)
                    + " + "
                    + Integer.toUnsignedString(count)
                    + " are not inside a chunk of "
                    + blocksPerChunk
                    + " blocks";
        }
        return null;
    }

    @Nullable String changeProblem(DataHeader header, DataKind kind, int payloadBytes) {
        boolean write = kind == DataKind.WRITE;
        String problem = rangeProblem(header, !write && header.getFromChunk() != 0);
        if (problem != null) {
            return problem;
        }
        long from = header.getFromChunk();
        if (from != 0 && (ChunkId.group(from) != header.getGroup() || from == header.getChunk())) {
            return "a chunk is derived from another one of its own group";
        }
        int expected = write ? header.getBlockCount() << Blocks.BLOCK_SHIFT : 0;
        if (payloadBytes != expected) {
            return "payload of " + payloadBytes + " bytes instead of " + expected;
        }
        return write && header.getCrcsCount() != header.getBlockCount()
                ? "one checksum is needed for each block"
                : null;
    }

    /// Index of the first damaged block of a payload, -1: none (R10).
    int damagedBlock(DataHeader header, ByteBuf payload) {
        return damagedBlock(header, payload, false);
    }

    /// As [#damagedBlock], of what another replica has of a chunk: blocks that are lost come with
    /// what stands for them.
    int damagedOnTheWay(DataHeader header, ByteBuf payload) {
        return damagedBlock(header, payload, true);
    }

    private int damagedBlock(DataHeader header, ByteBuf payload, boolean mayBeLost) {
        int count = payload.readableBytes() >>> Blocks.BLOCK_SHIFT;
        if (count == 0) {
            return -1;
        }
        var view = payload.nioBuffer();
        for (int i = 0; i < count; i++) {
            view.limit((i + 1) << Blocks.BLOCK_SHIFT).position(i << Blocks.BLOCK_SHIFT);
            crc.reset();
            crc.update(view);
            if ((int) crc.getValue() != header.getCrcs(i)
                    && !(mayBeLost && BlockRead.isLost(view, i << Blocks.BLOCK_SHIFT))) {
                return i;
            }
        }
        return -1;
    }

    // ---------------------------------------------------------------- decoding

    /// The change of a checked header; takes the payload over.
    Change change(DataHeader header, DataKind kind, ByteBuf payload) {
        if (kind == DataKind.WRITE) {
            return Change.write(
                    header.getChunk(),
                    header.getFromChunk(),
                    header.getCreate(),
                    header.getBlock(),
                    header.getBlockCount(),
                    crcs(header),
                    new BufferPayload(payload));
        }
        payload.release();
        return Change.zero(
                header.getChunk(),
                header.getFromChunk(),
                header.getCreate(),
                header.getBlock(),
                header.getBlockCount());
    }

    static Origin origin(DataHeader header) {
        return new Origin(
                header.getVolume(),
                header.getGeneration(),
                header.getFence(),
                header.getSession(),
                header.getSequence(),
                header.getFua());
    }

    static int[] crcs(DataHeader header) {
        var crcs = new int[header.getCrcsCount()];
        for (int i = 0; i < crcs.length; i++) {
            crcs[i] = header.getCrcs(i);
        }
        return crcs;
    }

    /// Why a REPLICATE frame, or the operation in a TAIL reply, cannot be right; null: it can.
    @Nullable String operationProblem(DataHeader header, int payloadBytes) {
        return switch (header.getReplicatedKind()) {
            case WRITE, ZERO -> changeProblem(header, header.getReplicatedKind(), payloadBytes);
            case PURGE_OP -> payloadBytes == 0 ? null : "a purge has no payload";
            default -> "operation of unknown kind";
        };
    }

    /// The operation of a checked frame; takes the payload over.
    Operation operation(DataHeader header, long sequence, ByteBuf payload) {
        long epoch =
                header.getOperationEpoch() == 0 ? header.getEpoch() : header.getOperationEpoch();
        if (header.getReplicatedKind() == DataKind.PURGE_OP) {
            payload.release();
            var chunks = new long[header.getChunksCount()];
            for (int i = 0; i < chunks.length; i++) {
                chunks[i] = header.getChunks(i);
            }
            return new Operation(epoch, sequence, Change.purge(chunks), origin(header));
        }
        return new Operation(
                epoch,
                sequence,
                change(header, header.getReplicatedKind(), payload),
                origin(header));
    }

    // ---------------------------------------------------------------- encoding

    /// Puts the operation, all but its sequence, into a header.
    static void encode(DataHeader.Builder header, Operation operation, long epoch) {
        Change change = operation.change();
        Origin origin = operation.origin();
        header.setEpoch(epoch)
                .setChunk(change.chunk())
                .setBlock(change.block())
                .setBlockCount(change.blockCount());
        if (operation.epoch() != epoch) {
            header.setOperationEpoch(operation.epoch());
        }
        if (change.makesChunk()) {
            header.setFromChunk(change.fromChunk()).setCreate(change.create());
        }
        for (int crc : change.crcs()) {
            header.addCrcs(crc);
        }
        header.setVolume(origin.volume())
                .setGeneration(origin.generation())
                .setFence(origin.fence())
                .setSession(origin.session())
                .setSequence(origin.sequence())
                .setFua(origin.fua());
        switch (change.kind()) {
            case WRITE -> header.setReplicatedKind(DataKind.WRITE);
            case ZERO -> header.setReplicatedKind(DataKind.ZERO);
            case PURGE -> {
                header.setReplicatedKind(DataKind.PURGE_OP);
                for (long chunk : change.purged()) {
                    header.addChunks(chunk);
                }
            }
        }
    }

    /// Another reference to the operation's data, for a frame; null: it has none.
    static @Nullable ByteBuf data(Operation operation) {
        Payload payload = operation.change().payload();
        return payload instanceof BufferPayload data ? data.buffer().retainedDuplicate() : null;
    }
}
