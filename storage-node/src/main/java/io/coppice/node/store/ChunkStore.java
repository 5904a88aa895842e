package io.coppice.node.store;

import io.coppice.model.ChunkId;
import io.coppice.model.Invariant;
import io.coppice.model.Position;
import io.coppice.node.format.RecordHeader;
import io.coppice.node.format.RecordKind;
import io.coppice.node.format.StoreLabel;
import io.coppice.port.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The chunks of one store: a log of records on disk, an index in memory. All methods run on the
/// store's lane (one thread); only [SyncTicket#run] and [Checkpoint#write] run elsewhere.
///
/// Changes are appended to the current batch and are visible at once; [#commitBatch] hands the
/// batch to the operating system in one gathered write per segment; a [SyncTicket] makes it
/// durable. An IOException from any method is fatal to the store.
public final class ChunkStore implements AutoCloseable {
    private static final int[] NO_CRCS = {};
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final int PURGED_PER_RECORD = 8192;

    private final Disk disk;
    private final StoreConfig config;
    private final StoreIdentity identity;
    private final UUID store;
    final Segments segments;
    final Index index;
    private final SegmentLog log;
    private final BlockReader reader;
    private final RecordApplier applier;
    private final SpaceGauge space;
    private final Reclaimer reclaimer;
    private final Digests digests;
    private final Scrub scrub;
    private long checkpointNumber;
    private long checkpointBytes;

    /// Log bytes that a restart would replay = replayed + appended - covered.
    private final long replayedBytes;

    private long coveredBytes;
    private long captureAppended;
    private long nextOrdinal;

    private ChunkStore(Disk disk, StoreConfig config, StoreOpener.Opened opened)
            throws IOException {
        this.disk = disk;
        this.config = config;
        this.identity = opened.identity();
        this.store = opened.store();
        this.segments = opened.segments();
        this.index = opened.index();
        this.log = opened.log();
        this.reader = new BlockReader(segments, opened.codec(), config.checksumCacheRecords());
        this.applier = new RecordApplier(index);
        this.space = new SpaceGauge(disk, config, segments);
        this.reclaimer =
                new Reclaimer(
                        segments,
                        log,
                        space,
                        new Cleaner(segments, index, log, reader, config),
                        config);
        this.digests = new Digests(reader, config.blocksPerChunk());
        this.scrub = new Scrub(segments, index, opened.codec(), config.blocksPerChunk());
        this.checkpointNumber = opened.checkpoint();
        this.checkpointBytes = opened.checkpointBytes();
        this.replayedBytes = opened.replayedBytes();
        segments.countEmpty();
        space.checkpointed(checkpointBytes);
        space.refresh();
    }

    /// Opens or creates the store in `disk` and recovers it: newest valid checkpoint, then the log
    /// after it. A torn tail is cut off, rot in the middle is kept and counted; what is kept is
    /// synced before this returns. A directory of another cluster or store, a newer format or a
    /// foreign one: [StoreFormatException].
    public static ChunkStore open(
            Disk disk, StoreConfig config, StoreIdentity expected, Recovery report)
            throws IOException {
        return new ChunkStore(disk, config, new StoreOpener(disk, config, report).open(expected));
    }

    /// Whose store the directory is, null: none's, it is empty.
    public static @Nullable StoreIdentity identify(Disk disk) throws IOException {
        StoreLabel label = StoreOpener.readLabel(disk);
        return label == null ? null : new StoreIdentity(label.cluster(), label.store());
    }

    public StoreIdentity identity() {
        return identity;
    }

    // ---- changes: one operation of a group's order each

    /// Writes whole blocks. With `fromChunk` != 0 and `chunk` not held yet, `chunk` first becomes a
    /// copy of it that shares its blocks (`fromChunk` must be held); with `create` and `chunk` not
    /// held, it starts empty. Otherwise `chunk` must be held. `data` (its remaining bytes, one
    /// block per CRC) is not copied and must stay valid until [#commitBatch] returns; its position
    /// does not move. Position of group and version of chunk become `position`. (session, sequence)
    /// is remembered for the group unless session is 0.
    public void write(
            Position position,
            long session,
            long sequence,
            long chunk,
            long fromChunk,
            boolean create,
            int firstBlock,
            int[] crcs,
            ByteBuffer data) {
        require(chunk, fromChunk, create);
        int count = crcs.length;
        Invariant.check(
                firstBlock >= 0 && count > 0 && firstBlock + count <= config.blocksPerChunk(),
                "blocks out of range",
                firstBlock);
        var header =
                RecordHeaders.change(
                        RecordKind.WRITE,
                        create,
                        position,
                        session,
                        sequence,
                        chunk,
                        fromChunk,
                        firstBlock,
                        count,
                        count);
        index.change(header, log.append(header, crcs, null, data));
    }

    /// Unmaps blocks; otherwise like [#write]. Takes no space for data. blockCount 0 is allowed
    /// (derive only).
    public void zero(
            Position position,
            long session,
            long sequence,
            long chunk,
            long fromChunk,
            boolean create,
            int firstBlock,
            int blockCount) {
        require(chunk, fromChunk, create);
        Invariant.check(
                firstBlock >= 0
                        && blockCount >= 0
                        && firstBlock + blockCount <= config.blocksPerChunk(),
                "blocks out of range",
                firstBlock);
        var header =
                RecordHeaders.change(
                        RecordKind.ZERO,
                        create,
                        position,
                        session,
                        sequence,
                        chunk,
                        fromChunk,
                        firstBlock,
                        blockCount,
                        0);
        log.append(header, NO_CRCS, null, null);
        index.change(header, Location.NONE);
    }

    /// Drops chunks; ids that are not held are ignored. Position of the group becomes `position`.
    public void purge(int group, Position position, long[] chunks) {
        for (int from = 0; from == 0 || from < chunks.length; from += PURGED_PER_RECORD) {
            long[] part =
                    Arrays.copyOfRange(
                            chunks, from, Math.min(chunks.length, from + PURGED_PER_RECORD));
            boolean last = from + part.length == chunks.length;
            var extra = ByteBuffer.allocate(part.length * Long.BYTES);
            extra.asLongBuffer().put(part);
            // only the last part carries the position: before it, the purge has not happened
            append(
                    new RecordHeader(
                            RecordKind.PURGE,
                            0,
                            group,
                            last ? position.epoch() : 0,
                            last ? position.sequence() : 0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            extra.remaining()),
                    NO_CRCS,
                    extra,
                    null);
        }
    }

    // ---- changes outside the order

    /// Sets the position of a group (also back) and a word of state that belongs to the caller,
    /// e.g. whether the replica is complete. Both survive restart. A group that was never mentioned
    /// has [Position#NONE] and 0. A state other than 0, "not complete", also forgets the group's
    /// requests: what follows is another replica's history.
    public void mark(int group, Position position, long state) {
        append(RecordHeaders.bare(RecordKind.MARK, group, position, 0, 0, state));
    }

    /// Remembers a request of another replica's memory, without any other effect (resync).
    public void remember(int group, long session, long sequence, long groupSequence) {
        append(
                RecordHeaders.bare(
                        RecordKind.OUTCOME,
                        group,
                        new Position(0, groupSequence),
                        0,
                        session,
                        sequence));
    }

    /// Replaces a chunk with another replica's version of it. The group's position does not change.
    public void install(ChunkImage image) {
        new Installer(log, applier, config).install(image);
    }

    /// Forgets a chunk that the group does not have. The group's position does not change.
    public void drop(long chunk) {
        append(
                RecordHeaders.bare(
                        RecordKind.DROP, ChunkId.group(chunk), Position.NONE, chunk, 0, 0));
    }

    /// Forgets a group with all its chunks, position, state and outcomes.
    public void dropGroup(int group) {
        append(RecordHeaders.bare(RecordKind.DROP_GROUP, group, Position.NONE, 0, 0, 0));
    }

    /// Stores good data for a damaged block; version and position do not change. The block must be
    /// mapped. `data` as in [#write].
    public void repair(long chunk, int block, int crc, ByteBuffer data) {
        append(
                new RecordHeader(
                        RecordKind.REPAIR,
                        0,
                        ChunkId.group(chunk),
                        0,
                        0,
                        chunk,
                        0,
                        0,
                        0,
                        block,
                        1,
                        1,
                        0),
                new int[] {crc},
                null,
                data);
    }

    // ---- batches and durability

    public boolean hasBatch() {
        return log.hasBatch();
    }

    /// Everything appended so far is with the operating system when this returns.
    public void commitBatch() throws IOException {
        log.commit();
        if (space.refreshDue()) {
            space.refresh();
        }
    }

    /// True if something committed is not yet durable.
    public boolean syncDue() {
        return log.syncDue();
    }

    /// What to make durable: everything committed so far. Any number of tickets may be out at once.
    public SyncTicket beginSync() throws IOException {
        if (!space.isTight()) {
            log.zeroAhead();
        }
        return log.beginSync();
    }

    /// Bytes of log appended since the store was opened.
    public long appendedBytes() {
        return log.appended();
    }

    /// After [SyncTicket#run] succeeded.
    public void completeSync(SyncTicket ticket) {
        log.completeSync(ticket);
    }

    /// Puts the store down for good: every later call that needs the disk throws with this reason.
    public void fail(String why) {
        log.fail(why);
    }

    // ---- reads

    public boolean contains(long chunk) {
        return index.find(chunk) != null;
    }

    /// Last operation that changed the chunk; null: not held.
    public @Nullable Position version(long chunk) {
        ChunkEntry entry = index.find(chunk);
        return entry == null ? null : entry.version();
    }

    /// Chunk that it was derived from, 0: none. The parent need not be held any more.
    public long parent(long chunk) {
        ChunkEntry entry = index.find(chunk);
        return entry == null ? 0 : entry.parent;
    }

    /// Last operation of the group that is held.
    public Position position(int group) {
        GroupEntry found = index.findGroup(group);
        return found == null ? Position.NONE : found.position();
    }

    /// The caller's word of [#mark].
    public long state(int group) {
        GroupEntry found = index.findGroup(group);
        return found == null ? 0 : found.state;
    }

    /// Groups with a position, state or chunks, ascending.
    public int[] groups() {
        return index.groupIds();
    }

    /// Puts the mapped blocks of the range into `target`, one after the other, each verified
    /// against its CRC. `target` needs room for `count` blocks. A chunk that is not held reads as
    /// unmapped. Commits the batch first if it must.
    public BlockRead read(long chunk, int firstBlock, int count, ByteBuffer target)
            throws IOException {
        log.check();
        Invariant.check(
                firstBlock >= 0 && count >= 0 && firstBlock + count <= config.blocksPerChunk(),
                "blocks out of range",
                firstBlock);
        ChunkEntry entry = index.find(chunk);
        var locations = new long[count];
        if (entry != null) {
            entry.table.copyTo(firstBlock, count, locations);
        }
        for (long location : locations) {
            if (location != Location.NONE && log.inBatch(location)) {
                log.commit();
                break;
            }
        }
        return reader.read(locations, firstBlock, target);
    }

    /// Sets the bits of mapped blocks of the range, and of those that no other chunk is known to
    /// share; bit 0 is `firstBlock`.
    public void presence(long chunk, int firstBlock, int count, BitSet mapped, BitSet own) {
        ChunkEntry entry = index.find(chunk);
        if (entry != null) {
            Ownership.presence(entry, firstBlock, count, mapped, own);
        }
    }

    /// Blocks of `chunk` whose content may differ from `base` (other location, or mapped in one
    /// only), and that are mapped in `chunk` (into `changed`) or only in `base` (into `unmapped`).
    /// For [ChunkImage]s.
    public void difference(long chunk, long base, BitSet changed, BitSet unmapped) {
        var left = new long[config.blocksPerChunk()];
        var right = new long[config.blocksPerChunk()];
        locations(chunk, left);
        locations(base, right);
        for (int block = 0; block < left.length; block++) {
            if (left[block] == Location.NONE) {
                unmapped.set(block, right[block] != Location.NONE);
            } else {
                changed.set(block, !Location.samePlace(left[block], right[block]));
            }
        }
    }

    /// Where each block of the chunk is, 0: not mapped. A place never holds anything else.
    public long[] places(long chunk) {
        var places = new long[config.blocksPerChunk()];
        locations(chunk, places);
        return Location.withoutShared(places);
    }

    /// Chunks of the group with ids above `cursor`.
    public int countAbove(int group, long cursor) {
        GroupEntry found = index.findGroup(group);
        return found == null ? 0 : found.chunks.countAbove(cursor);
    }

    public @Nullable ChunkSummary summary(long chunk) {
        ChunkEntry entry = index.find(chunk);
        return entry == null ? null : summary(entry);
    }

    /// Up to `limit` chunks of a group with ids above `cursor`, ascending.
    public List<ChunkSummary> list(int group, long cursor, int limit) {
        GroupEntry found = index.findGroup(group);
        var page = new ArrayList<ChunkSummary>();
        if (found != null) {
            for (long id : found.chunks.idsAbove(cursor, limit)) {
                page.add(summary(java.util.Objects.requireNonNull(found.chunks.get(id))));
            }
        }
        return page;
    }

    /// Digest from the stored checksums, without reading data. Null: not held.
    public @Nullable ChunkDigest digest(long chunk) throws IOException {
        log.commit();
        ChunkEntry entry = index.find(chunk);
        return entry == null ? null : digests.shallow(entry.table);
    }

    /// Reads all data of the chunk; digest as in [#digest], with all damaged blocks. Null: not
    /// held.
    public @Nullable ChunkDigest deepVerify(long chunk) throws IOException {
        log.commit();
        ChunkEntry entry = index.find(chunk);
        return entry == null ? null : digests.deep(entry.table);
    }

    /// Requests remembered for the group, oldest first: the last [StoreConfig#outcomesPerGroup].
    public void outcomes(int group, OutcomeVisitor visitor) {
        GroupEntry found = index.findGroup(group);
        if (found != null) {
            found.outcomes.forEach(visitor);
        }
    }

    /// Reads everything again and again, at the caller's pace.
    public Scrub scrub() {
        return scrub;
    }

    // ---- space

    /// Bytes of all files.
    public long usedBytes() {
        return segments.bytes() + checkpointBytes;
    }

    /// Bytes of mapped blocks, each counted once (an estimate where chunks share blocks).
    public long liveBytes() {
        return space.liveBytes();
    }

    public long capacityBytes() {
        return space.capacityBytes();
    }

    /// Asks the device for its free space again: others may write to it too.
    public void refreshSpace() throws IOException {
        space.refresh();
    }

    /// Whether writes are taken. Check before [#write]; trims, purges and repairs are always taken.
    public Admission admission() {
        return reclaimer.admission();
    }

    /// Blocks and chunks held.
    public long chunkCount() {
        return index.chunkCount();
    }

    /// One bounded step of the cleaner (`idle`: no client is served), which moves up to about
    /// `budgetBytes`. True: there is more to do, call it again after foreground work; else later.
    public boolean cleanStep(int budgetBytes, boolean idle) throws IOException {
        return reclaimer.step(budgetBytes, idle);
    }

    /// Bytes that the cleaner should move now to gain as much room as clients have taken since it
    /// last did; 0 while there is enough room. For [#cleanStep], after a batch.
    public int cleaningDue() {
        return reclaimer.due();
    }

    /// Blocks that the cleaner moved since the store was opened.
    public long movedBlocks() {
        return reclaimer.movedBlocks();
    }

    /// Bytes that the next checkpoint would give back to the file system.
    public long reclaimableBytes() {
        return segments.emptyBytes();
    }

    /// The log since the last checkpoint is long, or much space waits for one. Callers should also
    /// take one every minute or so while [#reclaimableBytes] is not 0.
    public boolean checkpointDue() {
        if (index.tables.capturing()) {
            return false;
        }
        return logBytes() >= Math.max(config.checkpointLogBytes(), checkpointBytes)
                || reclaimer.checkpointDue();
    }

    /// Captures the index (short); null: one is under way. Commits the batch.
    public @Nullable Checkpoint beginCheckpoint() throws IOException {
        if (index.tables.capturing()) {
            return null;
        }
        Segment current = log.current();
        if (current != null && Cleaner.liveBytes(current) < current.end / 2) {
            log.seal(); // so that it can be given back
        }
        log.commit();
        captureAppended = log.appended();
        var image = Captures.capture(store, checkpointNumber + 1, log, segments, index);
        index.tables.openCapture();
        return new Checkpoint(disk, log.beginSync(), image, nextOrdinal);
    }

    /// After [Checkpoint#write] succeeded: deletes older checkpoints and segments without live
    /// blocks.
    public void completeCheckpoint(Checkpoint checkpoint) throws IOException {
        Invariant.check(checkpoint.done(), "checkpoint completed before it was written");
        log.completeSync(checkpoint.log());
        index.tables.closeCapture();
        nextOrdinal = checkpoint.nextOrdinal();
        if (checkpointNumber > 0) {
            disk.delete(Checkpoint.name(checkpointNumber));
        }
        checkpointNumber = checkpoint.image().number();
        checkpointBytes = checkpoint.bytes();
        space.checkpointed(checkpointBytes);
        coveredBytes = replayedBytes + captureAppended;
        for (Checkpoint.SegmentImage image : checkpoint.image().empty()) {
            Segment segment = segments.find(image.number());
            if (segment != null && segment.entries == 0 && segment.pins == 0) {
                reader.forget(segment);
                segments.delete(segment);
            }
        }
        space.refresh();
    }

    /// Closes the files. Does not sync: take a ticket (and a checkpoint) first for a clean end.
    @Override
    public void close() throws IOException {
        log.fail("closed");
        segments.closeAll();
    }

    private long logBytes() {
        return replayedBytes + log.appended() - coveredBytes;
    }

    private void require(long chunk, long fromChunk, boolean create) {
        Invariant.check(
                create || contains(fromChunk) || contains(chunk), "chunk is not held", chunk);
    }

    private void append(RecordHeader header) {
        append(header, NO_CRCS, null, null);
    }

    private void append(
            RecordHeader header,
            int[] crcs,
            @Nullable ByteBuffer extra,
            @Nullable ByteBuffer data) {
        long location = log.append(header, crcs, extra == null ? null : extra.duplicate(), data);
        applier.apply(header, extra == null ? NOTHING : extra, location);
    }

    private void locations(long chunk, long[] target) {
        ChunkEntry entry = index.find(chunk);
        if (entry != null) {
            entry.table.copyTo(0, target.length, target);
        }
    }

    private ChunkSummary summary(ChunkEntry entry) {
        int blocks = config.blocksPerChunk();
        var mapped = new BitSet(blocks);
        var own = new BitSet(blocks);
        Ownership.presence(entry, 0, blocks, mapped, own);
        return new ChunkSummary(
                entry.id, entry.version(), entry.parent, mapped.cardinality(), own.cardinality());
    }
}
