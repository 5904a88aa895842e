package io.coppice.metadata.core;

import java.util.List;
import java.util.Optional;

/// A replica group's view. Every change of it is a new epoch.
///
/// @param replicas in order: the first SERVING one is the primary
/// @param nextSequence of the chunk ids not yet leased
public record Group(int id, long epoch, List<Replica> replicas, long nextSequence) {
    public Group {
        replicas = List.copyOf(replicas);
    }

    public Optional<Replica> primary() {
        return replicas.stream().filter(r -> r.state() == ReplicaState.SERVING).findFirst();
    }

    public int serving() {
        int count = 0;
        for (Replica replica : replicas) {
            if (replica.state() == ReplicaState.SERVING) {
                count++;
            }
        }
        return count;
    }

    public Optional<Replica> replica(int store) {
        return replicas.stream().filter(r -> r.store() == store).findFirst();
    }

    /// Whether a replica is among those that may lead when nobody serves: they have everything that
    /// was ever acknowledged. Only where there is none of these in the group, whoever has
    /// everything that was flushed.
    public boolean mayLead(Replica replica) {
        return replicas.stream().anyMatch(Replica::equal)
                ? replica.equal()
                : replica.state() == ReplicaState.LAST;
    }

    Group leased(int count) {
        return new Group(id, epoch, replicas, nextSequence + count);
    }
}
