package io.coppice.node.store;

import io.coppice.model.Position;
import io.coppice.port.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The chunks of one store: a log of records on disk, an index in memory. All methods run on the store's
/// lane (one thread); only [SyncTicket#run] and [Checkpoint#write] run elsewhere.
///
/// Changes are appended to the current batch and are visible at once; [#commitBatch] hands the batch to the
/// operating system in one gathered write per segment; a [SyncTicket] makes it durable. An IOException from
/// any method is fatal to the store.
public final class ChunkStore implements AutoCloseable {

    /// Opens or creates the store in `disk` and recovers it: newest valid checkpoint, then the log after it.
    /// A torn tail is cut off, rot in the middle is kept and counted; what is kept is synced before this returns.
    /// A directory of another cluster or store, a newer format or a foreign one: [StoreFormatException].
    public static ChunkStore open(Disk disk, StoreConfig config, StoreIdentity expected, Recovery report)
            throws IOException {
        throw new IOException("not yet");
    }

    /// Whose store the directory is, null: none's, it is empty.
    public static @Nullable StoreIdentity identify(Disk disk) throws IOException {
        throw new IOException("not yet");
    }

    public StoreIdentity identity() {
        throw new IllegalStateException();
    }

    // ---- changes: one operation of a group's order each

    /// Writes whole blocks. With `fromChunk` != 0 and `chunk` not held yet, `chunk` first becomes a copy of it that
    /// shares its blocks (`fromChunk` must be held); with `create` and `chunk` not held, it starts empty. Otherwise `chunk`
    /// must be held. `data` (its remaining bytes, one block per CRC) is not copied and must stay valid until
    /// [#commitBatch] returns; its position does not move. Position of group and version of chunk become `position`.
    /// (session, sequence) is remembered for the group unless session is 0.
    public void write(Position position, long session, long sequence, long chunk, long fromChunk, boolean create,
            int firstBlock, int[] crcs, ByteBuffer data) {
        throw new IllegalStateException();
    }

    /// Unmaps blocks; otherwise like [#write]. Takes no space for data. blockCount 0 is allowed (derive only).
    public void zero(Position position, long session, long sequence, long chunk, long fromChunk, boolean create,
            int firstBlock, int blockCount) {
        throw new IllegalStateException();
    }

    /// Drops chunks; ids that are not held are ignored. Position of the group becomes `position`.
    public void purge(int group, Position position, long[] chunks) {
        throw new IllegalStateException();
    }

    // ---- changes outside the order

    /// Sets the position of a group (also back) and a word of state that belongs to the caller, e.g. whether
    /// the replica is complete. Both survive restart. A group that was never mentioned has [Position#NONE] and 0.
    public void mark(int group, Position position, long state) {
        throw new IllegalStateException();
    }

    /// Remembers a request of another replica's memory, without any other effect (resync).
    public void remember(int group, long session, long sequence, long groupSequence) {
        throw new IllegalStateException();
    }

    /// Replaces a chunk with another replica's version of it. The group's position does not change.
    public void install(ChunkImage image) {
        throw new IllegalStateException();
    }

    /// Forgets a chunk that the group does not have. The group's position does not change.
    public void drop(long chunk) {
        throw new IllegalStateException();
    }

    /// Forgets a group with all its chunks, position, state and outcomes.
    public void dropGroup(int group) {
        throw new IllegalStateException();
    }

    /// Stores good data for a damaged block; version and position do not change. The block must be mapped. `data` as in
    /// [#write].
    public void repair(long chunk, int block, int crc, ByteBuffer data) {
        throw new IllegalStateException();
    }

    // ---- batches and durability

    public boolean hasBatch() {
        throw new IllegalStateException();
    }

    /// Everything appended so far is with the operating system when this returns.
    public void commitBatch() throws IOException {
        throw new IllegalStateException();
    }

    /// True if something committed is not yet durable.
    public boolean syncDue() {
        throw new IllegalStateException();
    }

    /// What to make durable: everything committed so far. Any number of tickets may be out at once.
    public SyncTicket beginSync() {
        throw new IllegalStateException();
    }

    /// After [SyncTicket#run] succeeded.
    public void completeSync(SyncTicket ticket) {
        throw new IllegalStateException();
    }

    /// Puts the store down for good: every later call that needs the disk throws with this reason.
    public void fail(String why) {
        throw new IllegalStateException();
    }

    // ---- reads

    public boolean contains(long chunk) {
        throw new IllegalStateException();
    }

    /// Last operation that changed the chunk; null: not held.
    public @Nullable Position version(long chunk) {
        throw new IllegalStateException();
    }

    /// Chunk that it was derived from, 0: none. The parent need not be held any more.
    public long parent(long chunk) {
        throw new IllegalStateException();
    }

    /// Last operation of the group that is held.
    public Position position(int group) {
        throw new IllegalStateException();
    }

    /// The caller's word of [#mark].
    public long state(int group) {
        throw new IllegalStateException();
    }

    /// Groups with a position, state or chunks, ascending.
    public int[] groups() {
        throw new IllegalStateException();
    }

    /// Puts the mapped blocks of the range into `target`, one after the other, each verified against its CRC. `target`
    /// needs room for `count` blocks. A chunk that is not held reads as unmapped. Commits the batch first if it must.
    public BlockRead read(long chunk, int firstBlock, int count, ByteBuffer target) throws IOException {
        throw new IllegalStateException();
    }

    /// Sets the bits of mapped blocks of the range, and of those that no other chunk is known to share; bit 0 is `firstBlock`.
    public void presence(long chunk, int firstBlock, int count, BitSet mapped, BitSet own) {
        throw new IllegalStateException();
    }

    /// Blocks of `chunk` whose content may differ from `base` (other location, or mapped in one only), and that
    /// are mapped in `chunk` (into `changed`) or only in `base` (into `unmapped`). For [ChunkImage]s.
    public void difference(long chunk, long base, BitSet changed, BitSet unmapped) {
        throw new IllegalStateException();
    }

    public @Nullable ChunkSummary summary(long chunk) {
        throw new IllegalStateException();
    }

    /// Up to `limit` chunks of a group with ids above `cursor`, ascending.
    public List<ChunkSummary> list(int group, long cursor, int limit) {
        throw new IllegalStateException();
    }

    /// Digest from the stored checksums, without reading data. Null: not held.
    public @Nullable ChunkDigest digest(long chunk) throws IOException {
        throw new IllegalStateException();
    }

    /// Reads all data of the chunk; digest as in [#digest], with all damaged blocks. Null: not held.
    public @Nullable ChunkDigest deepVerify(long chunk) throws IOException {
        throw new IllegalStateException();
    }

    /// Requests remembered for the group, oldest first: the last [StoreConfig#outcomesPerGroup].
    public void outcomes(int group, OutcomeVisitor visitor) {
        throw new IllegalStateException();
    }

    // ---- space

    /// Bytes of all files.
    public long usedBytes() {
        throw new IllegalStateException();
    }

    /// Bytes of mapped blocks, each counted once (an estimate where chunks share blocks).
    public long liveBytes() {
        throw new IllegalStateException();
    }

    public long capacityBytes() {
        throw new IllegalStateException();
    }

    /// Whether writes are taken. Check before [#write]; trims, purges and repairs are always taken.
    public Admission admission() {
        throw new IllegalStateException();
    }

    /// Blocks and chunks held.
    public long chunkCount() {
        throw new IllegalStateException();
    }

    /// Damaged blocks met by reads, digests and the cleaner since the store was opened.
    public long badBlocksMet() {
        throw new IllegalStateException();
    }

    /// One bounded step of the cleaner: moves up to about `budgetBytes` of live blocks. True: there is more to do
    /// now; call it again after foreground work. False: call it again after a while.
    public boolean cleanStep(int budgetBytes) throws IOException {
        throw new IllegalStateException();
    }

    /// Bytes that the next checkpoint would give back to the file system.
    public long reclaimableBytes() {
        throw new IllegalStateException();
    }

    /// The log since the last checkpoint is long, or much space waits for one. Callers should also take one every
    /// minute or so while [#reclaimableBytes] is not 0.
    public boolean checkpointDue() {
        throw new IllegalStateException();
    }

    /// Captures the index (short); null: one is under way. Commits the batch.
    public @Nullable Checkpoint beginCheckpoint() throws IOException {
        throw new IllegalStateException();
    }

    /// After [Checkpoint#write] succeeded: deletes older checkpoints and segments without live blocks.
    public void completeCheckpoint(Checkpoint checkpoint) throws IOException {
        throw new IllegalStateException();
    }

    /// Closes the files. Does not sync: take a ticket (and a checkpoint) first for a clean end.
    @Override
    public void close() throws IOException {
        throw new IllegalStateException();
    }
}
