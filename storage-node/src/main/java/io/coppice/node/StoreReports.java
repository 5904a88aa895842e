package io.coppice.node;

import io.coppice.model.Position;
import io.coppice.node.lane.Lane;
import io.coppice.wire.pb.GroupPosition;
import io.coppice.wire.pb.LedGroup;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.ReplicaProgress;
import io.coppice.wire.pb.StoreReport;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What a node says of its stores, when it registers and with every heartbeat.
final class StoreReports {
    private StoreReports() {}

    /// The stores with which the node registers: those that failed only by their ids, those that
    /// are stuck not at all.
    ///
    /// @param positions of the groups of those lanes that move
    /// @param capacityBytes of a store that is not open yet; 0: what its device has
    static void all(
            RegisterNode.Builder register,
            List<? extends StoreHome> homes,
            Map<String, Lane> lanes,
            Predicate<Lane> hasFailed,
            Map<Lane, Map<Integer, Position>> positions,
            long capacityBytes)
            throws IOException {
        for (StoreHome home : homes) {
            String uuid = home.uuid().toString();
            Lane lane = lanes.get(uuid);
            Map<Integer, Position> held = lane == null ? Map.of() : positions.get(lane);
            if (home.isFailed() || (lane != null && hasFailed.test(lane))) {
                register.addFailedStores(uuid);
            } else if (held != null) {
                register.addStores(of(home, lane, held, capacityBytes));
            }
        }
    }

    /// A store as the node registers it.
    ///
    /// @param lane null: the store is not served yet
    /// @param positions of its groups, as its lane knows them
    /// @param capacityBytes of a store that is not open yet; 0: what its device has
    private static StoreReport of(
            StoreHome home,
            @Nullable Lane lane,
            Map<Integer, Position> positions,
            long capacityBytes)
            throws IOException {
        String uuid = home.uuid().toString();
        if (lane != null) {
            StoreReport.Builder report = space(uuid, lane).setIntact(true);
            positions.forEach((group, position) -> report.addPositions(position(group, position)));
            return report.build();
        }
        StoreReport.Builder report = StoreReport.newBuilder().setUuid(uuid);
        if (home.isOpen()) {
            var store = home.store();
            report.setCapacityBytes(store.capacityBytes())
                    .setIntact(home.isIntact())
                    .setUsedBytes(store.usedBytes())
                    .setLiveBytes(store.liveBytes());
            for (int group : store.groups()) {
                report.addPositions(position(group, store.position(group)));
            }
        } else {
            report.setCapacityBytes(capacityBytes == 0 ? home.deviceBytes() : capacityBytes);
        }
        return report.build();
    }

    /// How full a store that is served is, and what its replicas do.
    static StoreReport.Builder space(String uuid, Lane lane) {
        Lane.Space space = lane.space();
        StoreReport.Builder report =
                StoreReport.newBuilder()
                        .setUuid(uuid)
                        .setId(lane.storeId())
                        .setCapacityBytes(space.capacityBytes())
                        .setUsedBytes(space.usedBytes())
                        .setLiveBytes(space.liveBytes())
                        .setCaughtUpBytes(space.caughtUpBytes());
        space.syncing()
                .forEach((group, bytes) ->
                        report.addSyncing(
                                ReplicaProgress.newBuilder().setGroup(group).setBytesLeft(bytes)));
        space.leading()
                .forEach((group, epoch) ->
                        report.addLeading(LedGroup.newBuilder().setGroup(group).setEpoch(epoch)));
        return report;
    }

    private static GroupPosition position(int group, Position position) {
        return GroupPosition.newBuilder()
                .setGroup(group)
                .setEpoch(position.epoch())
                .setSequence(position.sequence())
                .build();
    }
}
