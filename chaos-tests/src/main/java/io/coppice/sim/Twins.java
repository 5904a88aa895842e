package io.coppice.sim;

import io.coppice.check.Violation;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Replica;
import io.coppice.metadata.core.ReplicaState;
import io.coppice.model.Position;
import io.coppice.node.lane.Lane;
import io.coppice.node.store.ChunkSummary;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/// Looks again and again, while all is under way, whether replicas that stand at the same place of
/// their group's order hold the same versions of the same chunks (R3). What differs for a while may
/// be written over before the end, and nobody would know.
final class Twins {
    private static final long PERIOD_NANOS = 300 * Scheduler.MILLI;

    private final Scheduler scheduler;
    private final Host forever;
    private final List<SimNode> nodes;
    private final Supplier<MetadataView> view;
    private boolean over;

    Twins(Scheduler scheduler, Host forever, List<SimNode> nodes, Supplier<MetadataView> view) {
        this.scheduler = scheduler;
        this.forever = forever;
        this.nodes = nodes;
        this.view = view;
    }

    void run() {
        if (!over) {
            look();
            scheduler.after(PERIOD_NANOS, forever, this::run);
        }
    }

    void stop() {
        over = true;
    }

    private void look() {
        Map<Integer, Lane> lanes = new HashMap<>();
        for (SimNode node : nodes) {
            node.lanes().forEach(lane -> lanes.put(lane.storeId(), lane));
        }
        view.get().groups().forEach(group -> compare(group, lanes));
    }

    private static void compare(Group group, Map<Integer, Lane> lanes) {
        Map<Position, Lane> first = new HashMap<>();
        for (Replica replica : group.replicas()) {
            Lane lane = lanes.get(replica.store());
            if (lane != null && serves(group, replica, lane)) {
                Position at = lane.store().position(group.id());
                Lane twin = first.putIfAbsent(at, lane);
                if (twin != null && !versions(twin, group).equals(versions(lane, group))) {
                    throw new Violation(
                            "replicas of group "
                                    + group.id()
                                    + " on "
                                    + twin
                                    + " and "
                                    + lane
                                    + " stand at "
                                    + at
                                    + " and differ: "
                                    + versions(twin, group)
                                    + " and "
                                    + versions(lane, group));
                }
            }
        }
    }

    private static boolean serves(Group group, Replica replica, Lane lane) {
        return replica.state() == ReplicaState.SERVING
                && !lane.isFailed()
                && lane.epochOf(group.id()) == group.epoch();
    }

    private static Map<Long, Position> versions(Lane lane, Group group) {
        var versions = new TreeMap<Long, Position>();
        for (ChunkSummary chunk : lane.store().list(group.id(), 0, Integer.MAX_VALUE)) {
            versions.put(chunk.chunk(), chunk.version());
        }
        return versions;
    }
}
