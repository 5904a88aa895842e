package io.coppice.node.repair;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.node.lane.BlockMender;
import io.coppice.node.lane.Lane;
import io.coppice.node.store.BlockRead;
import io.coppice.node.store.Scrub;
import io.coppice.port.Time;
import io.coppice.wire.pb.ScrubReport;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The scrub of one store: reads all that is stored, slowly, and has what is damaged mended from
/// another replica before anybody asks for it. On the lane's loop.
public final class Scrubber {
    private static final Logger LOG = LoggerFactory.getLogger(Scrubber.class);
    private static final long SAVE_NANOS = TimeUnit.SECONDS.toNanos(10);

    /// Where the text is kept that says how far the scrub is.
    public interface Journal {
        /// Empty: there is none.
        String load();

        /// Keeps it, on another thread, where `done` is run whatever came of it.
        void save(String text, Runnable done);
    }

    private final Lane lane;
    private final Scrub scrub;
    private final BlockMender mender;
    private final UUID store;
    private final Journal journal;
    private final Time time;
    private final ScrubPace pace;

    /// Found in one step: a bound of the store's scrub, which gets no step while one is left.
    private final Deque<Scrub.Damage> damaged = new ArrayDeque<>();

    private final ByteBuffer block = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
    private boolean mending;
    private boolean saving;
    private long framesSeen;
    private long savedNanos;
    private volatile ScrubProgress progress = ScrubProgress.NONE;
    private volatile long bytes;
    private volatile long errors;
    private volatile long repaired;
    private volatile long bytesLeft;

    public Scrubber(Lane lane, BlockMender mender, UUID store, Journal journal, Time time) {
        this.lane = lane;
        this.scrub = lane.store().scrub();
        this.mender = mender;
        this.store = store;
        this.journal = journal;
        this.time = time;
        this.pace = new ScrubPace(lane.config().scrubBytesPerSecond(), time.nanos());
        this.savedNanos = time.nanos();
    }

    /// Goes on where the last process was, for as long as the lane lives. On the lane.
    public void start() {
        if (lane.config().scrubBytesPerSecond() == 0) {
            return;
        }
        progress = load();
        scrub.resume(progress.place());
        int millis = lane.config().tickMillis();
        lane.loop().scheduleWithFixedDelay(this::tick, millis, millis, TimeUnit.MILLISECONDS);
    }

    /// Numbers of this store, below `prefix`. Bytes, errors and repairs since the process started;
    /// passes and their end survive it.
    public void register(MetricRegistry metrics, String prefix) {
        metrics.register(prefix + ".bytes", (Gauge<Long>) () -> bytes);
        metrics.register(prefix + ".errors", (Gauge<Long>) () -> errors);
        metrics.register(prefix + ".repaired", (Gauge<Long>) () -> repaired);
        metrics.register(prefix + ".unrepaired", (Gauge<Long>) () -> progress.unrepaired());
        metrics.register(prefix + ".left.bytes", (Gauge<Long>) () -> bytesLeft);
        metrics.register(prefix + ".passes", (Gauge<Long>) () -> progress.passes());
        metrics.register(
                prefix + ".finished.seconds",
                (Gauge<Long>) () -> progress.finishedMillis() / 1_000);
    }

    /// The same numbers, for the quorum. Thread-safe.
    public ScrubReport report() {
        ScrubProgress now = progress;
        return ScrubReport.newBuilder()
                .setLeftBytes(bytesLeft)
                .setErrors(errors)
                .setRepaired(repaired)
                .setUnrepaired(now.unrepaired())
                .setPasses(now.passes())
                .setFinishedMillis(now.finishedMillis())
                .build();
    }

    private void tick() {
        if (lane.isFailed() || lane.isClosed()) {
            return;
        }
        long frames = lane.framesSeen();
        int allowed = pace.allowance(time.nanos(), frames != framesSeen);
        framesSeen = frames;
        try {
            if (allowed > 0 && !mending && damaged.isEmpty()) {
                step(allowed);
            }
            mendNext();
        } catch (IOException e) {
            lane.fail(e);
            return;
        }
        if (time.nanos() - savedNanos > SAVE_NANOS) {
            save();
        }
    }

    private void step(int allowed) throws IOException {
        long now = time.wallMillis();
        if (!scrub.isUnderWay()) {
            long interval = TimeUnit.SECONDS.toMillis(lane.config().scrubIntervalSeconds());
            if (!progress.isDue(now, interval)) {
                return;
            }
            scrub.begin();
            progress = progress.started(scrub.place(), now);
            if (!scrub.isUnderWay()) {
                return; // nothing is stored here
            }
        }
        int read = scrub.step(allowed, damaged::add);
        pace.spent(read);
        bytes += read;
        bytesLeft = scrub.bytesLeft();
        progress = progress.at(scrub.place());
        if (!scrub.isUnderWay()) {
            progress = progress.finished(now);
            LOG.info(
                    "{}: scrub: pass {} is complete, {} damaged blocks are left",
                    lane,
                    progress.passes(),
                    progress.unrepaired());
            save();
        }
    }

    // ---------------------------------------------------------------- mending

    /// One at a time: another replica has other things to do.
    private void mendNext() throws IOException {
        while (!mending && !damaged.isEmpty()) {
            Scrub.Damage next = damaged.remove();
            BlockRead now = lane.store().read(next.chunk(), next.block(), 1, block.clear());
            if (now.bad().length > 0) {
                errors++;
                mending = true;
                LOG.warn(
                        "{}: scrub: block {} of chunk {} is damaged",
                        lane,
                        next.block(),
                        Long.toUnsignedString(next.chunk()));
                mender.mend(
                        lane,
                        ChunkId.group(next.chunk()),
                        next.chunk(),
                        next.block(),
                        now.crcs()[0],
                        new BlockMender.Answer() {
                            @Override
                            public void found(ByteBuf good) {
                                mending = false;
                                good.release();
                                repaired++;
                            }

                            @Override
                            public void notFound(boolean lost) {
                                mending = false;
                                progress = progress.leftOne();
                            }
                        });
            }
        }
    }

    // ---------------------------------------------------------------- where it is

    private ScrubProgress load() {
        String saved = journal.load();
        ScrubProgress found = saved.isEmpty() ? null : ScrubProgress.decode(saved, store);
        if (found == null && !saved.isEmpty()) {
            LOG.warn("{}: how far the scrub was is damaged: it begins again", lane);
        }
        return found == null ? ScrubProgress.NONE : found;
    }

    private void save() {
        savedNanos = time.nanos();
        if (!saving) {
            saving = true;
            journal.save(progress.encode(store), () -> lane.execute(() -> saving = false));
        }
    }
}
