package io.coppice.sim;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Replica;
import io.coppice.metadata.core.ReplicaState;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.core.Store;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Machines that lost their power and have not served everything again since: what they had not
/// synced is safe with others only, whatever the quorum believes of them.
final class Shaken {
    /// By name: the first process that knows what was lost.
    private final Map<String, Long> since = new TreeMap<>();

    void losesPower(SimNode node) {
        since.put(node.name(), node.incarnation() + 1);
    }

    /// Whether any machine but this one is.
    boolean isAnyBut(SimNode node) {
        return since.keySet().stream().anyMatch(name -> !name.equals(node.name()));
    }

    /// The quorum has applied this. True: without waiting any longer for others that were last, it
    /// lets one lead that the power took something from; what was not flushed is given up.
    boolean givesUp(Optional<Stamped> entry, Outcome outcome, MetadataView view) {
        if (since.isEmpty()) {
            return false;
        }
        boolean givesUp =
                entry.isPresent()
                        && entry.get().command() instanceof Command.ElectLast
                        && outcome instanceof Outcome.GroupsChanged changed
                        && changed.groups().stream().anyMatch(id -> isLedByOne(view, id));
        since.entrySet().removeIf(each -> servesAgain(view, each.getKey(), each.getValue()));
        return givesUp;
    }

    private boolean isLedByOne(MetadataView view, int group) {
        return view.group(group)
                .flatMap(Group::primary)
                .flatMap(primary -> nodeOf(view, primary))
                .filter(node -> since.containsKey(node.name()))
                .isPresent();
    }

    private static boolean servesAgain(MetadataView view, String name, long incarnation) {
        for (Group group : view.groups()) {
            for (Replica replica : group.replicas()) {
                Optional<Node> node = nodeOf(view, replica).filter(n -> n.name().equals(name));
                if (node.isPresent()
                        && (node.get().incarnation() < incarnation
                                || replica.state() != ReplicaState.SERVING)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static Optional<Node> nodeOf(MetadataView view, Replica replica) {
        return view.store(replica.store()).map(Store::node).flatMap(view::node);
    }
}
