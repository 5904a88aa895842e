package io.coppice.sim;

import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.raft.Quorum;
import io.coppice.metadata.raft.QuorumException;
import io.coppice.metadata.raft.RaftMembership;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A replicated log with the promises of Raft and none of its messages: one leader per term
/// commits, in order, while it reaches a majority; a deposed one believes in itself for a while and
/// commits nothing; what it had under way is in the log up to some point, or not.
final class SimLog {
    private static final Logger LOG = LoggerFactory.getLogger(SimLog.class);
    private static final long CHECK_NANOS = 100 * Scheduler.MILLI;
    private static final long RETRY_NANOS = 50 * Scheduler.MILLI;

    /// Hears of leadership on the member's host.
    interface Listener {
        void leading();

        void following();
    }

    /// Hears of each entry once, when the first member has applied it.
    interface Watcher {
        void applied(Optional<Stamped> entry, Outcome outcome, MetadataView view);
    }

    private final Scheduler scheduler;
    private final Wires wires;
    private final Chance chance;
    private final List<Optional<Stamped>> entries = new ArrayList<>();
    private final List<Member> members = new ArrayList<>();
    private @Nullable Member leader;
    private Watcher watcher = (entry, outcome, view) -> {};
    private int watched;
    private long term;
    private long leaderlessSince = -1;
    private long patience;

    SimLog(Scheduler scheduler, Wires wires, Chance chance) {
        this.scheduler = scheduler;
        this.wires = wires;
        this.chance = chance;
    }

    Member join(String id) {
        var member = new Member(id);
        members.add(member);
        return member;
    }

    void watchedBy(Watcher told) {
        watcher = told;
    }

    List<Member> members() {
        return members;
    }

    /// Who may commit now; null: nobody.
    @Nullable Member leader() {
        return leader;
    }

    // ------------------------------------------------------------ elections

    /// To be called all the time, on a host that never dies.
    void watch(Host forever) {
        scheduler.after(
                CHECK_NANOS,
                forever,
                () -> {
                    check();
                    watch(forever);
                });
    }

    private void check() {
        Member now = leader;
        if (now != null && now.host().isRunning() && majority(now)) {
            leaderlessSince = -1;
            return;
        }
        if (leaderlessSince < 0) {
            leaderlessSince = scheduler.now();
            patience = chance.between(700, 1_500) * Scheduler.MILLI;
        } else if (scheduler.now() - leaderlessSince > patience) {
            elect();
        }
    }

    /// The leader changes although nothing forces it to.
    void transfer() {
        elect();
    }

    private void elect() {
        var able =
                members.stream()
                        .filter(m -> m.host().isRunning() && m != leader && majority(m))
                        .toList();
        if (able.isEmpty()) {
            return;
        }
        Member old = leader;
        Member next = chance.of(able);
        leaderlessSince = -1;
        term++;
        leader = next;
        if (old != null) {
            // A prefix of what it had sent out has reached the majority.
            int adopted = old.pending.isEmpty() ? 0 : chance.below(old.pending.size() + 1);
            int i = 0;
            for (Pending pending : old.pending) {
                if (i++ < adopted) {
                    entries.add(pending.command);
                }
            }
            old.deposed();
        }
        next.applyAll();
        next.leads(term);
    }

    private boolean majority(Member member) {
        int count = 0;
        for (Member other : members) {
            boolean hears =
                    other == member
                            || (other.host().isRunning()
                                    && wires.reaches(member.host(), other.host())
                                    && wires.reaches(other.host(), member.host()));
            count += hears ? 1 : 0;
        }
        return count * 2 > members.size();
    }

    private record Pending(
            Optional<Stamped> command, CompletableFuture<Outcome> done, long readyNanos) {}

    /// One server's part. Its log and state are durable; that it leads is not.
    final class Member implements Quorum {
        private final String id;
        private final MetadataState state = new MetadataState();
        private final ArrayDeque<Pending> pending = new ArrayDeque<>();

        /// Proposed by a leader that was deposed and does not know it yet.
        private final List<Pending> lost = new ArrayList<>();

        private @Nullable Host host;
        private @Nullable Listener listener;
        private int applied;
        private boolean leads;

        private Member(String id) {
            this.id = id;
        }

        /// The server's process starts (again).
        void start(Host process, Listener told) {
            host = process;
            listener = told;
            leads = false;
            pending.clear();
            lost.clear();
            if (leader == this) {
                leader = null; // a process that starts is a follower
            }
            follow(process);
        }

        Host host() {
            return java.util.Objects.requireNonNull(host);
        }

        boolean believesToLead() {
            return leads;
        }

        MetadataState state() {
            return state;
        }

        private void follow(Host process) {
            scheduler.after(
                    chance.between(20, 120) * Scheduler.MILLI,
                    process,
                    () -> {
                        Member from = leader;
                        if (from != null && from != this && wires.reaches(from.host(), host())) {
                            applyAll();
                        }
                        follow(process);
                    });
        }

        /// What is committed.
        void applyAll() {
            while (applied < entries.size()) {
                applyNext();
            }
        }

        private Outcome applyNext() {
            Optional<Stamped> entry = entries.get(applied++);
            Outcome outcome = entry.map(state::apply).orElse(Outcome.Nothing.INSTANCE);
            if (applied > watched) {
                watched = applied;
                watcher.applied(entry, outcome, state.view());
            }
            return outcome;
        }

        private void leads(long inTerm) {
            scheduler.after(
                    chance.between(1, 30) * Scheduler.MILLI,
                    host(),
                    () -> {
                        if (leader == this && term == inTerm) {
                            stepDown();
                            applyAll();
                            leads = true;
                            java.util.Objects.requireNonNull(listener).leading();
                        }
                    });
        }

        /// Another one leads: nothing of this one's is committed any more, which it finds out some
        /// time later, if it lives.
        private void deposed() {
            lost.addAll(pending);
            pending.clear();
            long since = term;
            scheduler.after(
                    chance.percent(50) ? 0 : chance.between(0, 3_000) * Scheduler.MILLI,
                    host(),
                    () -> {
                        if (leader != this && term >= since) {
                            stepDown();
                        }
                    });
        }

        private void stepDown() {
            boolean led = leads;
            leads = false;
            lost.addAll(pending);
            pending.clear();
            var all = List.copyOf(lost);
            lost.clear();
            all.forEach(p -> p.done.completeExceptionally(notLeader()));
            if (led) {
                java.util.Objects.requireNonNull(listener).following();
            }
        }

        private static QuorumException notLeader() {
            return new QuorumException(QuorumException.Reason.NOT_LEADER, "another server leads");
        }

        // -------------------------------------------------------- the quorum's door

        @Override
        public CompletableFuture<Outcome> submit(Stamped command) {
            return propose(Optional.of(command));
        }

        @Override
        public CompletableFuture<Void> barrier() {
            return propose(Optional.empty()).thenApply(outcome -> null);
        }

        @Override
        public CompletableFuture<Void> confirm() {
            return barrier(); // nothing here is ever full
        }

        private CompletableFuture<Outcome> propose(Optional<Stamped> command) {
            var done = new CompletableFuture<Outcome>();
            if (!leads) {
                done.completeExceptionally(notLeader());
                return done;
            }
            long delay = chance.between(300, 3_000) * 1_000;
            pending.add(new Pending(command, done, scheduler.now() + delay));
            scheduler.after(delay, host(), this::commitReady);
            return done;
        }

        private void commitReady() {
            if (pending.isEmpty()) {
                return;
            }
            if (leader != this || !leads) {
                return; // never: `deposed` ends it
            }
            if (!majority(this)) {
                scheduler.after(RETRY_NANOS, host(), this::commitReady);
                return;
            }
            while (!pending.isEmpty() && pending.peek().readyNanos <= scheduler.now()) {
                Pending next = pending.poll();
                entries.add(next.command);
                Outcome outcome = applyNext();
                LOG.debug("{}: {} -> {}", id, next.command, outcome);
                next.done.complete(outcome);
            }
        }

        @Override
        public <T> T read(Function<MetadataView, T> reader) {
            return reader.apply(state.view());
        }

        @Override
        public MetadataCapture capture() {
            return state.capture();
        }

        @Override
        public Optional<Outcome> remembered(long session, long sequence) {
            return Optional.ofNullable(state.remembered(session, sequence));
        }

        @Override
        public Optional<String> leader() {
            return Optional.empty(); // who looks for the leader asks one after the other
        }

        @Override
        public RaftMembership membership() {
            throw new UnsupportedOperationException("these servers stay who they are");
        }

        @Override
        public long logIndex() {
            return applied;
        }

        @Override
        public long entriesWithFlips() {
            return 0;
        }

        @Override
        public String toString() {
            return id;
        }
    }
}
