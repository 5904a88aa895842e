package io.coppice.client;

import io.coppice.client.plan.ChunkOp;
import io.coppice.client.plan.Fault;
import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.net.ReplyHandler;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import org.jspecify.annotations.Nullable;

/// One piece of a request: the blocks of one chunk, with the bytes they come from or go to. One
/// object per 4 KiB write: it is the plan's operation, the payload's holder and the handler of the
/// reply.
final class DataOp extends ChunkOp implements ReplyHandler {
    private static final int BLOCK_MASK = Blocks.BLOCK_BYTES - 1;

    private final RemoteDevice device;
    private final Completion done;
    final boolean fua;

    /// The caller's bytes: `length` of them at `bufferIndex`, which are the device's from `skip` on
    /// in the first block. Null for those without data.
    private final @Nullable ByteBuf buffer;

    private final int bufferIndex;
    private final int skip;
    private final int length;

    /// What goes out where that is not the caller's bytes: a patch's whole block, once it has been
    /// read; the cipher text of an encrypted device.
    private @Nullable ByteBuf outgoing;

    private int @Nullable [] sums;

    /// Sent how often so far, and the newest time in which epoch.
    int attempts;

    /// It went to a replica that is not the primary, the newest time.
    boolean toOther;

    long epoch;

    /// READ: so many blocks behind it are read with it, to be kept.
    int ahead;

    /// Pauses in a row without news of its group: the next one is longer.
    int pauses;

    /// As it was sent the newest time, its success means that it is durable.
    boolean durable;

    final long startNanos;
    String lastRefusal = "no answer";

    /// EXTENTS: the answer.
    byte[] present = {};

    byte[] own = {};
    boolean hole;

    DataOp(
            RemoteDevice device,
            Kind kind,
            long index,
            int block,
            int blockCount,
            @Nullable ByteBuf buffer,
            int bufferIndex,
            int skip,
            int length,
            boolean fua,
            long startNanos,
            long deadlineNanos,
            Completion done) {
        super(kind, index, block, blockCount, deadlineNanos);
        this.device = device;
        this.buffer = buffer == null ? null : buffer.retain();
        this.bufferIndex = bufferIndex;
        this.skip = skip;
        this.length = length;
        this.fua = fua;
        this.startNanos = startNanos;
        this.done = done;
        BlockCipher cipher = device.source().cipher();
        if (kind == Kind.WRITE && buffer != null && cipher == null) {
            sums = device.sums().ofBlocks(buffer, bufferIndex, blockCount);
        } else if (kind == Kind.WRITE && buffer != null && cipher != null) {
            ByteBuf sealed = newOutgoing(length);
            cipher.encrypt(buffer, bufferIndex, sealed, 0, firstBlock(), blockCount);
            sums = device.sums().ofBlocks(sealed, 0, blockCount);
        }
    }

    /// Its number in the device.
    private long firstBlock() {
        return index() * (device.chunkBytes() >>> Blocks.BLOCK_SHIFT) + block();
    }

    int length() {
        return length;
    }

    RemoteDevice device() {
        return device;
    }

    int group() {
        return ChunkId.group(chunk());
    }

    private int asked() {
        return blockCount() + ahead;
    }

    // ------------------------------------------------------------ out

    void fill(DataHeader.Builder header) {
        header.setGroup(group())
                .setChunk(chunk())
                .setTag(tag())
                .setBlock(block())
                .setBlockCount(asked());
        if (isReading()) {
            header.setKind(kind() == Kind.EXTENTS ? DataKind.EXTENTS : DataKind.READ);
            return;
        }
        durable = fua || makesChunk();
        header.setKind(kind() == Kind.ZERO ? DataKind.ZERO : DataKind.WRITE)
                .setGeneration(generation())
                .setSequence(sequence())
                .setFua(durable);
        if (fromChunk() != 0) {
            header.setFromChunk(fromChunk()).setFromTag(fromTag());
        }
        if (create()) {
            header.setCreate(true);
        }
        int[] crcs = sums;
        if (crcs != null) {
            for (int crc : crcs) {
                header.addCrcs(crc);
            }
        }
    }

    /// The quorum's log is durable when the volume points at the new chunk, so the chunk must be,
    /// too: else a power failure would take what was flushed to the chunk it comes from out of
    /// sight.
    boolean makesChunk() {
        return create() || fromChunk() != 0;
    }

    /// A new reference to the bytes to send; null: none.
    @Nullable ByteBuf payload() {
        if (isReading() || kind() == Kind.ZERO || buffer == null) {
            return null;
        }
        ByteBuf other = outgoing;
        if (other != null) {
            return other.retainedDuplicate();
        }
        return buffer.retainedSlice(bufferIndex, length);
    }

    // ------------------------------------------------------------ in

    @Override
    public void reply(DataHeader header, ByteBuf payload) {
        try {
            device.calls().answered(this, header, payload);
        } finally {
            payload.release();
        }
    }

    @Override
    public void failed(String why) {
        device.calls().unanswered(this, why);
    }

    /// Takes what a read brought, which is plain from then on; false: it does not match its
    /// checksums, or makes no sense.
    boolean accept(DataHeader header, ByteBuf payload) {
        if (kind() == Kind.EXTENTS) {
            present = header.getPresent().toByteArray();
            own = header.getOwn().toByteArray();
            return true;
        }
        byte[] mapped = header.getPresent().toByteArray();
        int held = mapped.length == 0 ? asked() : countMapped(mapped);
        if (payload.readableBytes() != held << Blocks.BLOCK_SHIFT
                || header.getCrcsCount() != held) {
            return false;
        }
        int[] actual = device.sums().ofBlocks(payload, payload.readerIndex(), held);
        for (int i = 0; i < held; i++) {
            if (actual[i] != header.getCrcs(i)) {
                return false;
            }
        }
        decrypt(payload, mapped);
        ByteBuf target = kind() == Kind.PATCH ? newPatched() : buffer;
        if (target != null && !isCompleted()) { // after a failure the buffer is the caller's again
            copy(payload, mapped, target);
        }
        finishPatch();
        return true;
    }

    @Override
    protected void unmapped() {
        hole = true;
        if (kind() == Kind.READ && buffer != null) {
            buffer.setZero(bufferIndex, length);
        } else if (kind() == Kind.PATCH) {
            newPatched().setZero(0, Blocks.BLOCK_BYTES);
            finishPatch();
        }
    }

    /// In place: nobody else has what came from the network. What is not mapped is no cipher text.
    private void decrypt(ByteBuf payload, byte[] mapped) {
        BlockCipher cipher = device.source().cipher();
        int at = payload.readerIndex();
        for (int i = 0; cipher != null && i < asked(); i++) {
            if (mapped.length == 0 || isMapped(mapped, i)) {
                cipher.decrypt(payload, at, firstBlock() + i);
                at += Blocks.BLOCK_BYTES;
            }
        }
    }

    private void copy(ByteBuf payload, byte[] mapped, ByteBuf target) {
        boolean patch = kind() == Kind.PATCH;
        int targetIndex = patch ? 0 : bufferIndex;
        int from = patch ? 0 : skip;
        int end = from + (patch ? Blocks.BLOCK_BYTES : length);
        if (mapped.length == 0) {
            target.setBytes(targetIndex, payload, payload.readerIndex() + from, end - from);
            return;
        }
        int source = payload.readerIndex();
        for (int at = from; at < end; ) {
            int block = at >>> Blocks.BLOCK_SHIFT;
            int count = Math.min(end, (block + 1) << Blocks.BLOCK_SHIFT) - at;
            if (isMapped(mapped, block)) {
                target.setBytes(
                        targetIndex + at - from, payload, source + (at & BLOCK_MASK), count);
                source += Blocks.BLOCK_BYTES;
            } else {
                target.setZero(targetIndex + at - from, count);
            }
            at += count;
        }
    }

    /// Fills the read from blocks that are kept; false: some are not.
    boolean recall(SealedBlocks kept) {
        ByteBuf target = kind() == Kind.PATCH ? newPatched() : buffer;
        if (kind() == Kind.EXTENTS
                || target == null
                || !kept.hasAll(chunk(), block(), blockCount())) {
            return false;
        }
        boolean patch = kind() == Kind.PATCH;
        int index = patch ? 0 : bufferIndex;
        int from = patch ? 0 : skip;
        int end = from + (patch ? Blocks.BLOCK_BYTES : length);
        for (int at = from; at < end; ) {
            int block = at >>> Blocks.BLOCK_SHIFT;
            int count = Math.min(end, (block + 1) << Blocks.BLOCK_SHIFT) - at;
            kept.copy(chunk(), block() + block, at & BLOCK_MASK, count, target, index + at - from);
            at += count;
        }
        kept.recalled(chunk(), block(), blockCount());
        finishPatch();
        return true;
    }

    /// What a read brought may be kept for others; what was read ahead is kept.
    void offer(SealedBlocks kept, DataHeader header, ByteBuf payload) {
        byte[] mapped = header.getPresent().toByteArray();
        int source = payload.readerIndex();
        for (int i = 0; i < asked() && kind() != Kind.EXTENTS; i++) {
            boolean held = mapped.length == 0 || isMapped(mapped, i);
            if (i < blockCount()) {
                kept.offer(chunk(), block() + i, held ? payload : null, source);
            } else {
                kept.ahead(chunk(), block() + i, held ? payload : null, source);
            }
            source += held ? Blocks.BLOCK_BYTES : 0;
        }
    }

    private ByteBuf newPatched() {
        ByteBuf block = outgoing;
        return block == null ? newOutgoing(Blocks.BLOCK_BYTES) : block;
    }

    private ByteBuf newOutgoing(int bytes) {
        ByteBuf made = PooledByteBufAllocator.DEFAULT.directBuffer(bytes, bytes);
        outgoing = made.writerIndex(bytes);
        return made;
    }

    /// Puts the caller's bytes over what the block holds.
    private void finishPatch() {
        ByteBuf block = outgoing;
        if (block != null && buffer != null) {
            block.setBytes(skip, buffer, bufferIndex, length);
            BlockCipher cipher = device.source().cipher();
            if (cipher != null) {
                cipher.encrypt(block, 0, block, 0, firstBlock(), 1);
            }
            sums = device.sums().ofBlocks(block, 0, 1);
        }
    }

    private int countMapped(byte[] bits) {
        int count = 0;
        for (int i = 0; i < asked(); i++) {
            count += isMapped(bits, i) ? 1 : 0;
        }
        return count;
    }

    static boolean isMapped(byte[] bits, int block) {
        return block >> 3 < bits.length && (bits[block >> 3] & 1 << (block & 7)) != 0;
    }

    @Override
    protected void completed(@Nullable Fault fault) {
        device.completed(this, fault);
        done.done(fault == null ? null : DeviceException.of(fault));
    }

    @Override
    protected void released() {
        if (buffer != null) {
            buffer.release();
        }
        ByteBuf other = outgoing;
        if (other != null) {
            outgoing = null;
            other.release();
        }
        device.released(this);
    }
}
