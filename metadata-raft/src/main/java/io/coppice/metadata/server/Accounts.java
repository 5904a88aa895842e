package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Project;
import io.coppice.metadata.core.Volume;
import io.coppice.model.Blocks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has the stores count, again and again, what is each clone's own and what is each project's that
/// has a quota of it, and records what has changed. What follows from it, the state machine
/// decides. [#tick] runs on one thread; the counting, on another, may wait.
final class Accounts {
    private static final Logger log = LoggerFactory.getLogger(Accounts.class);
    private static final long PAUSE_NANOS = 5_000_000_000L;

    /// Of all time, counting takes no more than one part in so many.
    private static final int REST = 50;

    /// Clones are counted together until so many chunks have been looked at.
    private static final int SLICE_CHUNKS = 500_000;

    private static final int RECORDED_MAX = 4_096;

    private final Leadership leadership;
    private final ChunkStats stats;
    private final FreedSpace freed;
    private final AtomicBoolean counting = new AtomicBoolean();
    private volatile long notBefore;

    Accounts(Leadership leadership, ChunkStats stats) {
        this.leadership = leadership;
        this.stats = stats;
        this.freed = new FreedSpace(leadership, stats);
        notBefore = leadership.time().nanos();
    }

    void tick() {
        if (leadership.time().nanos() - notBefore >= 0
                && leadership.understands(2)
                && leadership.isWhole()
                && counting.compareAndSet(false, true)) {
            leadership.threads().execute(this::round);
        }
    }

    private void round() {
        long start = leadership.time().nanos();
        try {
            projects();
            clones();
        } catch (ControlFailure | CompletionException notNow) {
            log.info("what is whose own could not be counted: {}", notNow.getMessage());
        } finally {
            long now = leadership.time().nanos();
            notBefore = now + Math.max(PAUSE_NANOS, (now - start) * REST);
            counting.set(false);
        }
    }

    // ------------------------------------------------------------ projects

    private void projects() throws ControlFailure {
        var counted = new ArrayList<Command.ProjectBytes>();
        try (var capture = leadership.quorum().capture()) {
            for (Project project : capture.projects()) {
                if (project.quota().ownBytes() == 0) {
                    continue;
                }
                long own = freed.byProject(capture, project.name());
                if (!capture.ownBytes(project.name()).equals(OptionalLong.of(own))) {
                    counted.add(new Command.ProjectBytes(project.name(), own));
                }
            }
        }
        if (!counted.isEmpty()) {
            record(List.of(), counted);
        }
    }

    // ------------------------------------------------------------ clones

    private void clones() throws ControlFailure {
        try (var capture = leadership.quorum().capture()) {
            // Neighbours in age are often relatives, of which only the differences are walked.
            var clones =
                    capture.volumes().stream()
                            .filter(Volume::isClone)
                            .sorted(Comparator.comparingLong(Volume::id))
                            .toList();
            for (int from = 0; from < clones.size(); ) {
                from = slice(capture, clones, from);
            }
        }
    }

    /// Counts some clones; answers which one is next.
    private int slice(MetadataCapture capture, List<Volume> clones, int from)
            throws ControlFailure {
        var totals = new MapTotals(capture, ChunkUsage.COUNTED_CHUNKS_MAX);
        int to = from;
        boolean fits = true;
        while (to < clones.size()
                && to - from < RECORDED_MAX
                && fits
                && totals.visited() < SLICE_CHUNKS) {
            Volume clone = clones.get(to++);
            fits = totals.add(clone.id(), clone.root());
        }
        if (!fits) {
            log.info("clone {} has too many chunks to be counted", clones.get(to - 1).name());
            return to;
        }
        stats.count(capture, totals.table());
        totals.sum();
        long now = leadership.time().wallMillis();
        var news = new ArrayList<Command.CloneBytes>();
        for (Volume clone : clones.subList(from, to)) {
            var counted =
                    new Command.CloneBytes(
                            clone.id(),
                            totals.blocks(clone.root()) * Blocks.BLOCK_BYTES,
                            totals.ownBlocks(clone.root()) * Blocks.BLOCK_BYTES);
            if (capture.isNews(clone, counted, now)) {
                news.add(counted);
            }
        }
        if (!news.isEmpty()) {
            record(news, List.of());
        }
        return to;
    }

    private void record(List<Command.CloneBytes> clones, List<Command.ProjectBytes> projects) {
        Outcome outcome = leadership.commit(new Command.RecordUsage(clones, projects)).join();
        if (outcome instanceof Outcome.DueDone done) {
            leadership.metrics().diverged().inc(done.done());
        }
    }
}
