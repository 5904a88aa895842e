package io.coppice.metadata.server;

import java.util.Optional;
import java.util.Set;

/// Which changes of the metadata quorum are refused because it could not go on after them.
final class QuorumRules {
    private QuorumRules() {}

    /// @param up members that answer, the leader included
    /// @return why not, in one line
    static Optional<String> againstRemoval(Set<String> members, Set<String> up, String id) {
        long left = members.stream().filter(member -> !member.equals(id)).count();
        if (left == 0) {
            return Optional.of(id + " is the only metadata server");
        }
        long upAfter = up.stream().filter(member -> !member.equals(id)).count();
        return majority(upAfter, left)
                ? Optional.empty()
                : Optional.of(
                        "without "
                                + id
                                + " only "
                                + upAfter
                                + " of "
                                + left
                                + " metadata servers would answer, which is no majority; start or"
                                + " remove those that are down first");
    }

    /// The new one counts as up: it is made a member only once it has been fed.
    static Optional<String> againstAddition(Set<String> members, Set<String> up, String id) {
        long all = members.size() + 1L;
        long upAfter = up.size() + 1L;
        return majority(upAfter, all)
                ? Optional.empty()
                : Optional.of(
                        "with "
                                + id
                                + " only "
                                + upAfter
                                + " of "
                                + all
                                + " metadata servers would answer, which is no majority; start or"
                                + " remove those that are down first");
    }

    private static boolean majority(long part, long all) {
        return 2 * part > all;
    }
}
