package io.coppice.metadata.core;

import io.coppice.model.Position;
import io.coppice.port.Marks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/// How a group's membership changes: pure functions from one view to the next. Each change is a new
/// epoch, so (group, epoch) names one view. The table is in `docs/replica-states.md`.
final class Membership {
    private Membership() {}

    /// The first view of a planned group: everybody serves, nobody holds anything.
    static Group planned(int id, int[] stores) {
        var replicas = new ArrayList<Replica>();
        for (int store : stores) {
            replicas.add(new Replica(store, ReplicaState.SERVING, Position.NONE));
        }
        return new Group(id, 1, replicas, 1, 0);
    }

    /// Replicas on stores for which `gone` holds leave service.
    ///
    /// @param broken stores whose disks failed (R11): what was not synced is lost
    static Group left(Group group, IntPredicate gone, IntPredicate broken, int minWriteReplicas) {
        int staying = 0;
        for (Replica replica : group.replicas()) {
            if (replica.state() == ReplicaState.SERVING && !gone.test(replica.store())) {
                staying++;
            }
        }
        // Those who stay can acknowledge nothing more when they are too few: then whoever leaves
        // now
        // has everything that was ever acknowledged.
        ReplicaState after = staying < minWriteReplicas ? ReplicaState.LAST : ReplicaState.DOWN;
        var replicas = new ArrayList<Replica>();
        for (Replica replica : group.replicas()) {
            if (!gone.test(replica.store())) {
                replicas.add(replica);
                continue;
            }
            Replica away =
                    switch (replica.state()) {
                        case SERVING -> become(replica, after);
                        case SYNCING ->
                                become(
                                        replica,
                                        replica.equal() ? ReplicaState.LAST : ReplicaState.DOWN);
                        case DOWN, LAST -> replica;
                    };
            replicas.add(
                    broken.test(away.store())
                            ? new Replica(away.store(), away.state(), away.position(), false, true)
                            : away);
        }
        return next(group, replicas);
    }

    /// The store is back and holds the group's log up to `position`.
    ///
    /// @param intact its machine has not lost its power since it served
    static Group returned(
            Group group,
            int store,
            Position position,
            boolean intact,
            IntPredicate isUp,
            int minWriteReplicas) {
        boolean serves = group.primary().isPresent();
        var replicas = new ArrayList<Replica>();
        for (Replica replica : group.replicas()) {
            if (replica.store() != store) {
                replicas.add(replica);
                continue;
            }
            ReplicaState state = replica.state();
            boolean waits = state == ReplicaState.DOWN || state == ReplicaState.LAST;
            Replica back =
                    new Replica(
                            store,
                            state,
                            position,
                            replica.equal(),
                            replica.shaken() || (!intact && state != ReplicaState.SERVING));
            replicas.add(waits && serves ? become(back, ReplicaState.SYNCING) : back);
        }
        Group noted = next(group, replicas);
        return serves ? noted : elected(noted, isUp, false, minWriteReplicas);
    }

    /// When nobody serves: the longest of the last and their equals leads, an intact one before one
    /// that the power took something from, once all of them are back or the grace is over and some
    /// are. The others that are back catch up from it.
    static Group elected(
            Group group, IntPredicate isUp, boolean graceIsOver, int minWriteReplicas) {
        Optional<Replica> winner = winner(group, isUp, graceIsOver);
        if (winner.isEmpty()) {
            return group;
        }
        Marks.hit(
                graceIsOver
                        ? "a last replica was elected without all of its equals"
                        : "a group that was down was elected anew");
        // An intact one among the equals has everything; such a one leads.
        boolean losesNothing =
                group.replicas().stream()
                        .anyMatch(replica ->
                                replica.equal() && !replica.shaken() && isUp.test(replica.store()));
        boolean writes = minWriteReplicas <= 1;
        var replicas = new ArrayList<Replica>();
        for (Replica replica : group.replicas()) {
            if (replica.equals(winner.get())) {
                replicas.add(become(replica, ReplicaState.SERVING));
            } else if (isUp.test(replica.store())) {
                replicas.add(overtaken(become(replica, ReplicaState.SYNCING), writes));
            } else {
                // A LAST one that is not here stays LAST while its equal serves alone and too few
                // serve for anything to be acknowledged. `synced` ends that.
                replicas.add(overtaken(replica, writes));
            }
        }
        Group next = next(group, replicas);
        return losesNothing ? next : next.lossy();
    }

    private static Optional<Replica> winner(Group group, IntPredicate isUp, boolean graceIsOver) {
        Optional<Replica> best = Optional.empty();
        for (Replica replica : group.replicas()) {
            if (replica.state() == ReplicaState.SERVING) {
                return Optional.empty();
            }
            // One that is equal and was catching up has everything too: whom it caught up from may
            // come back without what the power took. One whose disk failed may not lead, nor is it
            // waited for, while one may return that has everything.
            if (!group.mayLead(replica)) {
                continue;
            }
            if (!isUp.test(replica.store())) {
                if (replica.state() == ReplicaState.LAST && !graceIsOver) {
                    return Optional.empty();
                }
                continue;
            }
            if (best.isEmpty() || isBetter(replica, best.get())) {
                best = Optional.of(replica);
            }
        }
        return best;
    }

    /// One that the power took something from may have begun to catch up, up to a position that it
    /// did not come to: an intact one has everything, however far the other says that it is.
    private static boolean isBetter(Replica replica, Replica than) {
        return replica.shaken() == than.shaken()
                ? replica.position().compareTo(than.position()) > 0
                : than.shaken();
    }

    /// A SYNCING replica has caught up in the present view; the caller has checked both. It serves
    /// behind the primary, wherever it stood: a change of the primary is a pause for all writers of
    /// the group, and its process may have begun a moment ago. `RepairPlanner` moves primaries.
    static Group synced(Group group, int store, int minWriteReplicas) {
        boolean writes = group.serving() + 1 >= minWriteReplicas;
        int primary = group.primary().map(group.replicas()::indexOf).orElse(0);
        int at = 0;
        var replicas = new ArrayList<Replica>();
        for (Replica replica : group.replicas()) {
            if (replica.store() == store) {
                at = replicas.size();
                replicas.add(become(replica, ReplicaState.SERVING));
            } else {
                replicas.add(overtaken(replica, writes));
            }
        }
        if (at < primary) {
            replicas.add(primary, replicas.remove(at));
        }
        return next(group, replicas);
    }

    /// A serving replica goes first.
    static Group ledBy(Group group, int store) {
        var replicas = new ArrayList<Replica>();
        for (Replica replica : group.replicas()) {
            if (replica.store() == store) {
                replicas.addFirst(replica);
            } else {
                replicas.add(replica);
            }
        }
        return next(group, replicas);
    }

    /// One replica more, which starts by catching up.
    static Group joined(Group group, int store) {
        var replicas = new ArrayList<>(group.replicas());
        replicas.add(new Replica(store, ReplicaState.SYNCING, Position.NONE));
        return next(group, replicas);
    }

    /// One replica less; the caller has checked that nothing is lost with it.
    static Group dropped(Group group, int store) {
        var replicas = new ArrayList<>(group.replicas());
        replicas.removeIf(replica -> replica.store() == store);
        return next(group, replicas);
    }

    /// With `writes`, others acknowledge from now on what this one does not have.
    private static Replica overtaken(Replica replica, boolean writes) {
        if (!writes) {
            return replica;
        }
        ReplicaState state =
                replica.state() == ReplicaState.LAST ? ReplicaState.DOWN : replica.state();
        return new Replica(replica.store(), state, replica.position(), false, replica.shaken());
    }

    private static Replica become(Replica replica, ReplicaState state) {
        boolean equal =
                switch (state) {
                    case LAST -> true;
                    case SYNCING -> replica.equal();
                    case SERVING, DOWN -> false;
                };
        boolean shaken = replica.shaken() && state != ReplicaState.SERVING;
        return new Replica(replica.store(), state, replica.position(), equal, shaken);
    }

    /// A new epoch if members, states or order differ; what was merely noted is no new view.
    private static Group next(Group group, List<Replica> replicas) {
        boolean same = replicas.size() == group.replicas().size();
        for (int i = 0; same && i < replicas.size(); i++) {
            Replica before = group.replicas().get(i);
            Replica after = replicas.get(i);
            same = before.store() == after.store() && before.state() == after.state();
        }
        return new Group(
                group.id(),
                same ? group.epoch() : group.epoch() + 1,
                replicas,
                group.nextSequence(),
                group.lossEpoch());
    }
}
