package io.coppice.client;

import com.codahale.metrics.Timer;
import io.coppice.client.plan.ChunkOp.Kind;
import io.coppice.client.plan.DevicePlan;
import io.coppice.client.plan.Fault;
import io.coppice.client.plan.PlanConfig;
import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// The device that [CoppiceClient] hands out: checks and cuts requests, bounds what is under way,
/// and lets the plan decide the rest. State belongs to the event loop; `size` may be read by
/// anyone.
final class RemoteDevice implements BlockDevice {
    private static final int ZERO_BYTES = 1 << 20;

    /// Shared by all devices; never written.
    private static final ByteBuf ZEROS =
            Unpooled.unreleasableBuffer(
                    Unpooled.directBuffer(ZERO_BYTES).writeZero(ZERO_BYTES).asReadOnly());

    private final CoppiceClient client;
    private final String name;
    private final boolean readOnly;
    private final EventLoop loop;
    private final Source source;
    private final ClientConfig config;
    private final Pieces pieces;
    private final Pieces zeroPieces;
    private final Admission admission;
    private final Flushes flushes;
    private final DevicePlan plan;

    /// Every write is synced before it is acknowledged.
    private final boolean syncsAlways;

    private final BlockSums sums = new BlockSums();
    private final ReadAhead readAhead;
    private final List<LongConsumer> sizeListeners = new ArrayList<>();
    private final long deadlineNanos;
    private final ClientMetrics metrics;
    private @Nullable CompletableFuture<Void> closing;
    private @Nullable DeviceException ended;
    private boolean pumping;

    /// A part of it is about to go.
    private boolean cutting;

    /// The quorum has said on the present stream to it that the attachment stands.
    private boolean confirmed = true;

    /// Something that nobody waits for any more may still be on its way to a node.
    boolean unsure;

    private int handles = 1;
    private volatile long size;

    RemoteDevice(
            CoppiceClient client,
            Source source,
            ClientConfig config,
            int chunkBytes,
            boolean syncsAlways,
            ClientMetrics metrics) {
        this.client = client;
        this.source = source;
        this.name = source.name();
        this.readOnly = source.fence() == 0;
        this.loop = client.eventLoop();
        this.config = config;
        this.size = source.size();
        this.metrics = metrics;
        this.syncsAlways = syncsAlways;
        deadlineNanos = config.operationDeadline().toNanos();
        pieces = new Pieces(chunkBytes, Math.min(config.pieceBytes(), chunkBytes));
        zeroPieces = new Pieces(chunkBytes, Math.min(ZERO_BYTES, pieces.pieceBytes()));
        readAhead = new ReadAhead(chunkBytes >>> Blocks.BLOCK_SHIFT);
        admission = new Admission(config);
        flushes = new Flushes(client.calls(), loop, deadlineNanos, config.queuedRequests());
        var planConfig =
                new PlanConfig(
                        chunkBytes >>> Blocks.BLOCK_SHIFT,
                        config.mapPages(),
                        512,
                        config.flipMessages());
        plan =
                new DevicePlan(
                        planConfig,
                        new DevicePort(client, this),
                        source.generation(),
                        source.size());
    }

    // ------------------------------------------------------------ for the client's other parts

    Source source() {
        return source;
    }

    @Override
    public long volume() {
        return source.volume();
    }

    @Override
    public long snapshot() {
        return source.snapshot();
    }

    long fence() {
        return source.fence();
    }

    DevicePlan plan() {
        return plan;
    }

    NodeCalls calls() {
        return client.calls();
    }

    BlockSums sums() {
        return sums;
    }

    /// The attachment stands, as the quorum says on the present stream; false: it has yet to say
    /// so.
    void confirmed(boolean stands) {
        confirmed = stands;
    }

    /// Whether nobody else can have changed what the plan knows of the map. Snapshots do not
    /// change, and who only reads a live volume sees its map as it was a moment ago.
    boolean holdsLease() {
        return readOnly || readsSealed();
    }

    /// Whether sealed chunks may be read elsewhere than from their primaries.
    boolean readsSealed() {
        return confirmed && client.session().holdsLease();
    }

    /// How many blocks to read behind those of a read of a sealed chunk, which is about to be sent
    /// or has been answered from memory.
    int ahead(DataOp op) {
        return op.kind() == Kind.READ ? readAhead.reading(op, admission.isAlone()) : 0;
    }

    int chunkBytes() {
        return (int) pieces.chunkBytes();
    }

    @Nullable DeviceException ended() {
        return ended;
    }

    /// So many more users of the same device, as many closes end it; or why not.
    @Nullable DeviceException share(int more) {
        if (cutting && more > 0) {
            return new DeviceException(
                    DeviceException.Reason.IN_USE, name + " is being resized: try again");
        }
        handles += more;
        return null;
    }

    /// Makes zeros, durably, of what is from `end` on in its chunk: the quorum is about to cut it
    /// off. Its one user does no more than that, and close; nobody may come to share it.
    CompletableFuture<Void> cutOff(long end) {
        var future = new CompletableFuture<Void>();
        run(() -> {
            if (handles > 1) {
                future.completeExceptionally(
                        new DeviceException(
                                DeviceException.Reason.IN_USE,
                                name + " is open here and cannot shrink: close it first"));
                return;
            }
            cutting = true;
            Completion zeroed =
                    failure -> {
                        if (failure == null) {
                            future.complete(null);
                        } else {
                            future.completeExceptionally(failure);
                        }
                    };
            long chunkEnd = Math.ceilDiv(end, pieces.chunkBytes()) * pieces.chunkBytes();
            long length = Math.min(chunkEnd, size) - end;
            if (mayWrite(zeroed) && isInside(end, length, zeroed)) {
                zero(end, end + length, true, zeroed);
            }
        });
        return future;
    }

    /// A node did not take the tag of a chunk that is yet to be made.
    void freshRefused(long chunk) {
        client.leases().refused(chunk, client::abandon);
    }

    /// The attachment is gone: everything fails from here on.
    void lose(String why) {
        end(new Fault(Fault.Reason.LOST, name + ": " + why + "; open it again"));
        client.forget(this);
    }

    void volumeChanged(long generation, long newSize, boolean mapChanged) {
        long before = size;
        plan.volumeChanged(generation, newSize, mapChanged);
        if (newSize != before) {
            size = newSize;
            sizeListeners.forEach(listener -> listener.accept(newSize));
        }
    }

    /// Fails what is too late. Called a few times a second.
    void expire(long nowNanos) {
        var fault =
                new Fault(
                        Fault.Reason.TIMED_OUT,
                        name
                                + ": the cluster did not answer within "
                                + config.operationDeadline().toMillis() / 1e3
                                + " s"
                                + client.trouble());
        plan.expire(nowNanos, fault);
        Request head;
        while ((head = admission.head()) != null && head.deadlineNanos - nowNanos <= 0) {
            admission.removeHead();
            head.fail(DeviceException.of(fault));
        }
    }

    void completed(DataOp op, @Nullable Fault fault) {
        Timer timer = metrics.of(op.kind());
        if (timer != null) {
            timer.update(client.time().nanos() - op.startNanos, TimeUnit.NANOSECONDS);
        }
        if (fault == null && !op.durable && !syncsAlways && op.sequence() != 0) {
            flushes.wrote(op.group(), op.epoch);
        }
    }

    void released(DataOp op) {
        admission.leave(op);
        pump();
    }

    // ------------------------------------------------------------ operations

    @Override
    public void read(long offset, ByteBuf target, Completion done) {
        int length = target.writableBytes();
        int index = target.writerIndex();
        run(() -> {
            if (isInside(offset, length, done)) {
                Completion filled =
                        failure -> {
                            if (failure == null) {
                                target.writerIndex(index + length);
                            }
                            done.done(failure);
                        };
                submit(Kind.READ, pieces, offset, length, target, index, false, filled);
            }
        });
    }

    @Override
    public void write(long offset, ByteBuf source, boolean fua, Completion done) {
        int length = source.readableBytes();
        int index = source.readerIndex();
        run(() -> {
            if (mayWrite(done) && isInside(offset, length, done)) {
                submit(Kind.WRITE, pieces, offset, length, source, index, fua, done);
            }
        });
    }

    @Override
    public void discard(long offset, long length, boolean fua, Completion done) {
        run(() -> {
            if (mayWrite(done) && isInside(offset, length, done)) {
                long from = Request.alignUp(offset);
                long to = wholeEnd(offset + length);
                zero(from, Math.max(from, to), fua, done);
            }
        });
    }

    @Override
    public void writeZeroes(
            long offset, long length, boolean mayUnmap, boolean fua, Completion done) {
        run(() -> {
            if (!mayWrite(done) || !isInside(offset, length, done)) {
                return;
            }
            long end = offset + length;
            long from = Math.min(end, Request.alignUp(offset));
            long to = Math.max(from, wholeEnd(end));
            if (!mayUnmap || to == from) {
                submit(Kind.WRITE, zeroPieces, offset, length, ZEROS, 0, fua, done);
                return;
            }
            // Parts of blocks at the ends are stored zeros, what is between is unmapped.
            var parts = new Parts(3, done);
            submit(Kind.WRITE, zeroPieces, offset, from - offset, ZEROS, 0, fua, parts);
            zero(from, to, fua, parts);
            submit(
                    Kind.WRITE,
                    zeroPieces,
                    Math.min(to, end),
                    Math.max(0, end - to),
                    ZEROS,
                    0,
                    fua,
                    parts);
        });
    }

    private void zero(long from, long to, boolean fua, Completion done) {
        submit(Kind.ZERO, pieces, from, to - from, null, 0, fua, done);
    }

    /// Where the whole blocks before `end` end; at the device's end its last block counts as whole.
    private long wholeEnd(long end) {
        return end == size ? Request.alignUp(end) : end & -Blocks.BLOCK_BYTES;
    }

    @Override
    public void flush(Completion done) {
        run(() -> {
            DeviceException why = ended;
            if (why != null) {
                done.done(why);
            } else {
                long start = client.time().nanos();
                flushes.flush(failure -> {
                    metrics.flush.update(client.time().nanos() - start, TimeUnit.NANOSECONDS);
                    done.done(failure);
                });
            }
        });
    }

    @Override
    public CompletableFuture<List<Extent>> extents(long offset, long length) {
        var future = new CompletableFuture<List<Extent>>();
        run(() -> {
            Completion refused =
                    failure -> {
                        if (failure != null) {
                            future.completeExceptionally(failure);
                        }
                    };
            if (isInside(offset, length, refused)) {
                new ExtentQuery(this, offset, length, future).run();
            }
        });
        return future;
    }

    // ------------------------------------------------------------ admission

    private void submit(
            Kind kind,
            Pieces cut,
            long offset,
            long length,
            @Nullable ByteBuf buffer,
            int bufferIndex,
            boolean fua,
            Completion done) {
        if (length == 0) {
            done.done(null);
            return;
        }
        long now = client.time().nanos();
        long deadline = now + deadlineNanos;
        boolean single = cut.end(kind, offset, offset + length) == offset + length;
        if (single && admission.isFree((int) length)) {
            start(
                    cut.piece(
                            this,
                            kind,
                            offset,
                            (int) length,
                            buffer,
                            bufferIndex,
                            fua,
                            now,
                            deadline,
                            done));
            return;
        }
        var request =
                new Request(
                        kind,
                        cut,
                        offset,
                        length,
                        buffer,
                        bufferIndex,
                        buffer == ZEROS,
                        fua,
                        now,
                        deadline,
                        done);
        if (admission.queue(request)) {
            pump();
        } else {
            request.fail(
                    new DeviceException(
                            DeviceException.Reason.OVERLOADED,
                            name
                                    + ": more than "
                                    + config.queuedRequests()
                                    + " requests wait already; slow down"));
        }
    }

    /// For parts that make operations of their own; they are admitted whatever is under way.
    void start(DataOp op) {
        admission.enter(op);
        plan.start(op);
    }

    DataOp extentOp(long chunkStart, int length, Completion done) {
        long now = client.time().nanos();
        return pieces.piece(
                this,
                Kind.EXTENTS,
                chunkStart,
                length,
                null,
                0,
                false,
                now,
                now + deadlineNanos,
                done);
    }

    private void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        try {
            Request head;
            while ((head = admission.head()) != null && (!head.hasNext() || admission.hasRoom())) {
                if (head.hasNext()) {
                    start(head.next(this));
                } else {
                    if (admission.head() == head) {
                        admission.removeHead();
                    }
                    head.tellIfOver();
                }
            }
        } finally {
            pumping = false;
        }
        finishClosing();
    }

    private void run(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    private boolean mayWrite(Completion done) {
        if (readOnly) {
            done.done(
                    new DeviceException(
                            DeviceException.Reason.READ_ONLY, name + " is open for reading only"));
        }
        return !readOnly;
    }

    private boolean isInside(long offset, long length, Completion done) {
        DeviceException why = ended;
        if (why == null && (offset < 0 || length < 0 || offset > size - length)) {
            why =
                    new DeviceException(
                            DeviceException.Reason.OUT_OF_RANGE,
                            name + " has " + size + " bytes: no " + length + " bytes at " + offset);
        }
        if (why != null) {
            done.done(why);
        }
        return why == null;
    }

    // ------------------------------------------------------------ what it is, and its end

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public EventLoop eventLoop() {
        return loop;
    }

    @Override
    public void onSizeChange(LongConsumer listener) {
        run(() -> sizeListeners.add(listener));
    }

    @Override
    public CompletableFuture<Void> closeAsync() {
        var future = new CompletableFuture<Void>();
        run(() -> {
            if (closing != null) {
                closing.whenComplete((nothing, failure) -> future.complete(null));
            } else if (--handles > 0) {
                future.complete(null);
            } else {
                closing = future;
                boolean lost = ended != null;
                ended = new DeviceException(DeviceException.Reason.CLOSED, name + " is closed");
                if (lost) {
                    future.complete(null);
                } else {
                    finishClosing();
                }
            }
        });
        return future;
    }

    @Override
    public void close() {
        CompletableFuture<Void> done = closeAsync();
        if (!loop.inEventLoop()) {
            done.join();
        }
    }

    /// Closes for all users: the client itself is closed.
    CompletableFuture<Void> closeForAll() {
        handles = Math.min(handles, 1);
        return closeAsync();
    }

    /// Everything under way fails at once, without waiting.
    void abort(String why) {
        end(new Fault(Fault.Reason.CLOSED, name + ": " + why));
        CompletableFuture<Void> future = closing;
        if (future != null) {
            future.complete(null);
        }
    }

    private void finishClosing() {
        CompletableFuture<Void> future = closing;
        if (future != null && !future.isDone() && admission.isIdle() && plan.unfinished() == 0) {
            end(new Fault(Fault.Reason.CLOSED, name + " is closed"));
            client.detach(this, future);
        }
    }

    private void end(Fault fault) {
        DeviceException why = DeviceException.of(fault);
        if (ended == null) {
            ended = why;
        }
        flushes.end(why);
        Request head;
        while ((head = admission.head()) != null) {
            admission.removeHead();
            head.fail(why);
        }
        plan.end(fault);
    }
}
