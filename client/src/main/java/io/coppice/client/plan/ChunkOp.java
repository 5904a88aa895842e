package io.coppice.client.plan;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// One operation on consecutive blocks of one chunk, from its admission to its acknowledgement. The
/// caller subclasses it with the payload and the completion, so that a write costs one object.
///
/// Fields that the plan sets before [PlanPort#submit] say what to send; the caller only reads them.
public abstract class ChunkOp {
    /// What is asked.
    public enum Kind {
        READ,
        /// Which blocks are mapped, and which are the chunk's own.
        EXTENTS,
        /// Whole blocks are replaced.
        WRITE,
        /// A part of one block is replaced: its block is read first, then written.
        PATCH,
        /// The blocks are unmapped and read as zeros; all blocks of a chunk: the slot is unmapped.
        ZERO
    }

    /// Where the operation is. Queued in some list: `parkedIn` or the slot's waiting list tells.
    enum Stage {
        WAITING_FOR_LOCK,
        PARKED,
        READY,
        SUBMITTED,
        /// Done by the replicas; waits for the flip.
        APPLIED,
        RELEASED
    }

    private final Kind kind;
    private final long index;
    private final int block;
    private final int blockCount;
    private final long deadlineNanos;

    long chunk;
    long tag;
    long fromChunk;
    long fromTag;
    boolean create;
    boolean ownedSlot;
    boolean sealed;

    /// The map was looked up after this operation began.
    boolean mapChecked;

    boolean reading;

    /// Of the map by which it was read the last time.
    int mapVersion;

    long generation;
    long sequence;

    /// How many groups were found full for a new chunk so far.
    int placementTry;

    Stage stage = Stage.READY;
    boolean completed;
    boolean locked;
    @Nullable Slot slot;
    @Nullable Derivation derivation;
    @Nullable ChunkOp nextInSlot;
    @Nullable ArrayDeque<ChunkOp> parkedIn;
    @Nullable ChunkOp liveNext;
    @Nullable ChunkOp livePrevious;

    /// @param index which chunk of the device
    /// @param block first block inside the chunk
    /// @param deadlineNanos when the caller gives up, on the clock that is passed to
    ///   [DevicePlan#expire]
    protected ChunkOp(Kind kind, long index, int block, int blockCount, long deadlineNanos) {
        this.kind = kind;
        this.index = index;
        this.block = block;
        this.blockCount = blockCount;
        this.deadlineNanos = deadlineNanos;
    }

    /// The slot has no chunk: the blocks are zeros. Called for reads, extents and the reading half
    /// of a patch.
    protected abstract void unmapped();

    /// The operation ended; called once. `fault` is null when it succeeded.
    protected abstract void completed(@Nullable Fault fault);

    /// The plan has forgotten the operation; called once, after [#completed]. The payload may go.
    protected abstract void released();

    public final Kind kind() {
        return kind;
    }

    public final long index() {
        return index;
    }

    public final int block() {
        return block;
    }

    public final int blockCount() {
        return blockCount;
    }

    public final long deadlineNanos() {
        return deadlineNanos;
    }

    /// Whether the caller has been answered, so that sending it once more serves nobody.
    public final boolean isCompleted() {
        return completed;
    }

    /// The chunk to address.
    public final long chunk() {
        return chunk;
    }

    /// Proves that the quorum has told of `chunk`; 0: nobody asks.
    public final long tag() {
        return tag;
    }

    /// As [#tag], of the chunk to derive from.
    public final long fromTag() {
        return fromTag;
    }

    /// Derive `chunk` from this one first; 0: do not.
    public final long fromChunk() {
        return fromChunk;
    }

    /// `chunk` is new and starts empty.
    public final boolean create() {
        return create;
    }

    /// Whether the slot's chunk was created in the volume's present generation.
    public final boolean ownedSlot() {
        return ownedSlot;
    }

    /// Whether the chunk to read is one that nothing changes any more, and that is surely still the
    /// slot's.
    public final boolean isSealed() {
        return sealed;
    }

    /// Whether this is, at present, a read: a READ, or a PATCH that fetches its block.
    public final boolean isReading() {
        return reading;
    }

    public final long generation() {
        return generation;
    }

    public final long sequence() {
        return sequence;
    }

    final boolean writes() {
        return kind == Kind.WRITE || kind == Kind.PATCH || kind == Kind.ZERO;
    }

    final boolean overlaps(ChunkOp other) {
        return block < other.block + other.blockCount && other.block < block + blockCount;
    }

    @Override
    public String toString() {
        return kind + " chunk " + index + " blocks " + block + "+" + blockCount + " " + stage;
    }
}
