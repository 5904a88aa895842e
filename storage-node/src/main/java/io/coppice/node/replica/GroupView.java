package io.coppice.node.replica;

import io.coppice.model.Invariant;
import java.util.List;

/// One version of a group's membership, as the quorum committed it (R1).
///
/// @param members in the quorum's order; the first serving one is the primary
public record GroupView(int group, long epoch, List<Member> members) {
    /// What a member counts for.
    public enum State {
        DOWN,
        SYNCING,
        SERVING,
        LAST;

        /// Whether it gets the group's operations.
        boolean isLive() {
            return this == SERVING || this == SYNCING;
        }
    }

    /// @param store id of the store that holds the replica; unique in the cluster
    public record Member(int store, State state) {}

    public GroupView {
        Invariant.check(epoch >= 0, "epochs are not negative", epoch);
        members = List.copyOf(members);
    }

    static GroupView none(int group) {
        return new GroupView(group, 0, List.of());
    }

    /// Store of the primary, 0: none.
    public int primary() {
        for (Member member : members) {
            if (member.state() == State.SERVING) {
                return member.store();
            }
        }
        return 0;
    }

    public State stateOf(int store) {
        for (Member member : members) {
            if (member.store() == store) {
                return member.state();
            }
        }
        return State.DOWN;
    }

    int servingCount() {
        return count(State.SERVING);
    }

    /// Whether enough serve for a write when `fewer` of them are gone.
    boolean servesWithout(int fewer, int minWriteReplicas) {
        return servingCount() - fewer >= Math.min(minWriteReplicas, members.size());
    }

    int count(State state) {
        int count = 0;
        for (Member member : members) {
            if (member.state() == state) {
                count++;
            }
        }
        return count;
    }
}
