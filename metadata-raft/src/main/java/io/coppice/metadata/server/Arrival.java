package io.coppice.metadata.server;

import io.coppice.wire.pb.Introduction;
import java.util.List;

/// What a server that has nothing does about what the others say. It must not simply take part: if
/// it is one that lost its directory, its vote could make a leader of a server that lacks what this
/// one acknowledged before.
sealed interface Arrival {
    /// No server has anything: they make a new quorum together.
    record Found() implements Arrival {}

    /// There is a quorum: its leader says what this server is to it.
    record Ask(String leader) implements Arrival {}

    /// It cannot be known yet.
    record Wait(String why) implements Arrival {}

    /// @param servers of the configured quorum, this one included
    /// @param joins this server was a member of a quorum already, and is on its way back
    /// @param answers of those others that answered
    static Arrival decide(int servers, boolean joins, List<Introduction> answers) {
        for (Introduction answer : answers) {
            if (answer.getHoldsLog() && !answer.getLeader().isEmpty()) {
                return new Ask(answer.getLeader());
            }
        }
        var holder = answers.stream().filter(Introduction::getHoldsLog).findFirst();
        if (holder.isPresent()) {
            return new Wait(
                    "metadata server "
                            + holder.get().getId()
                            + " has a log and knows no leader: a majority of those that have one"
                            + " must run");
        }
        return !joins && 2 * (answers.size() + 1) > servers
                ? new Found()
                : new Wait(
                        answers.size()
                                + " of "
                                + (servers - 1)
                                + " other metadata servers answer, none of which has a log: a"
                                + " majority must run");
    }
}
