package io.coppice.metadata.server;

import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Replica;
import io.coppice.metadata.core.Store;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.Purge;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What only the leader does, again and again: lost nodes, ended sessions, elections of groups that
/// went down, what is due by itself, reaping, purging. Each is one command, decided from what is
/// applied; the state machine refuses what came too late. [#tick] runs on one thread; nothing here
/// waits.
final class LeaderDuties {
    private static final Logger log = LoggerFactory.getLogger(LeaderDuties.class);

    /// Small enough that a flip never waits longer than for another flip.
    private static final int REAP_NODES = 512;

    private static final int DUE_STEPS = 64;
    private static final int PURGE_CHUNKS = 2048;

    /// A purge that was not answered is sent again: its primary may have changed.
    private static final long PURGE_AGAIN_NANOS = 3_000_000_000L;

    private final Leadership leadership;
    private final Companions companions;
    private final Schedules schedules;
    private final KeyRotation keys;
    private final AtomicBoolean reaping = new AtomicBoolean();
    private final AtomicBoolean doingDue = new AtomicBoolean();
    private final Map<Integer, Long> electableSince = new HashMap<>();
    private final Map<Integer, Sent> purges = new HashMap<>();

    /// What was sent for a group, to tell whether it was done.
    private record Sent(long firstChunk, long atNanos) {}

    LeaderDuties(
            Leadership leadership, Companions companions, Schedules schedules, KeyRotation keys) {
        this.keys = keys;
        this.leadership = leadership;
        this.companions = companions;
        this.schedules = schedules;
    }

    void tick() {
        leadership.confirmations().tick();
        leadership.nodes().tick();
        leadership.clients().tick();
        leadership.barriers().recheck(); // a change of a group whose outcome nobody heard
        elect();
        companions.tick();
        keys.tick();
        if (companions.clockAgrees()) {
            doDue();
            schedules.tick();
        }
        reap();
        purge();
        leadership.repair().tick();
    }

    // ------------------------------------------------------------ groups without a primary

    private void elect() {
        long now = leadership.time().nanos();
        List<Group> electable =
                leadership.read(view ->
                        view.groups().stream().filter(group -> isElectable(view, group)).toList());
        electableSince.keySet().retainAll(electable.stream().map(Group::id).toList());
        for (Group group : electable) {
            long since = electableSince.computeIfAbsent(group.id(), id -> now);
            if (now - since > leadership.config().timeouts().elect().toNanos()
                    && now - since > leadership.clients().patienceNanos()) {
                electableSince.put(group.id(), now);
                leadership
                        .submit(new Command.ElectLast(group.id()))
                        .whenComplete((outcome, failed) -> {
                            if (outcome instanceof Outcome.GroupsChanged changed
                                    && !changed.groups().isEmpty()) {
                                log.warn(
                                        "group {} without all of its last replicas: one of those"
                                                + " that are back leads",
                                        group.id());
                                leadership
                                        .threads()
                                        .execute(() -> leadership.groupsChanged(changed.groups()));
                            }
                        });
            }
        }
    }

    /// Nobody serves, and somebody who may lead is there.
    private static boolean isElectable(MetadataView view, Group group) {
        return group.primary().isEmpty()
                && group.replicas().stream()
                        .anyMatch(replica ->
                                group.mayLead(replica)
                                        && view.store(replica.store())
                                                .map(Store::up)
                                                .orElse(false));
    }

    // ------------------------------------------------------------ what happens by itself

    private void doDue() {
        long due = leadership.read(MetadataView::nextDueMillis);
        if (due <= leadership.time().wallMillis() && doingDue.compareAndSet(false, true)) {
            leadership
                    .submit(
                            leadership.governs()
                                    ? new Command.RunDue(DUE_STEPS)
                                    : new Command.PurgeTrash(DUE_STEPS))
                    .whenComplete((outcome, failed) -> {
                        doingDue.set(false);
                        if (outcome instanceof Outcome.DueDone done) {
                            ended(done.ended());
                            if (done.more() && !leadership.ended()) {
                                doDue(); // a changed policy is in force soon, whatever there is
                            }
                        }
                    });
        }
    }

    /// What expires may be in use: as when it is deleted by hand, nodes refuse its holder, who is
    /// told. Nobody waits for that; a node that does not hear of it hears at its next registration
    /// which volumes are left.
    private void ended(List<Attachment> attachments) {
        if (attachments.isEmpty()) {
            return;
        }
        leadership.raise(attachments.stream().map(Answers::fenceOf).toList());
        for (Attachment held : attachments) {
            leadership.clients().lost(held, "it has expired");
        }
    }

    private void reap() {
        if (leadership.read(MetadataView::reapPending) && reaping.compareAndSet(false, true)) {
            reapStep();
        }
    }

    /// One step after the other, each an entry that others share.
    private void reapStep() {
        leadership
                .submit(new Command.ReapStep(REAP_NODES))
                .whenComplete((outcome, failed) -> {
                    if (outcome instanceof Outcome.Stepped stepped
                            && stepped.more()
                            && !leadership.ended()) {
                        reapStep();
                    } else {
                        reaping.set(false);
                    }
                });
    }

    // ------------------------------------------------------------ chunks that nothing names

    private void purge() {
        long now = leadership.time().nanos();
        List<Integer> groups = leadership.read(MetadataView::groupsToPurge);
        purges.keySet().retainAll(groups);
        for (int group : groups) {
            purge(group, now);
        }
    }

    private void purge(int group, long now) {
        long[] chunks = leadership.read(view -> view.purgeable(group, PURGE_CHUNKS));
        Sent sent = purges.get(group);
        boolean pending =
                sent != null
                        && chunks.length > 0
                        && sent.firstChunk() == chunks[0]
                        && now - sent.atNanos() < PURGE_AGAIN_NANOS;
        if (chunks.length == 0 || pending) {
            return;
        }
        primary(group)
                .ifPresent(session -> {
                    var purge = Purge.newBuilder().setGroup(group);
                    for (long chunk : chunks) {
                        purge.addChunks(chunk);
                    }
                    session.send(NodeDirective.newBuilder().setPurge(purge).build());
                    purges.put(group, new Sent(chunks[0], now));
                });
    }

    private Optional<NodeSession> primary(int id) {
        return leadership
                .read(view ->
                        view.group(id)
                                .flatMap(Group::primary)
                                .map(Replica::store)
                                .flatMap(view::store)
                                .map(Store::node))
                .flatMap(node -> leadership.nodes().session(node));
    }
}
