package io.coppice.metadata.server;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.model.Position;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.GroupPosition;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.StoreReport;
import java.util.ArrayList;
import java.util.List;

/// Messages of the control plane as commands of the core. The way out is [Answers].
final class Requests {
    private Requests() {}

    static ClusterConfig config(io.coppice.wire.pb.ClusterConfig c) {
        return new ClusterConfig(
                c.getCluster(),
                c.getReplicas(),
                c.getMinWriteReplicas(),
                c.getGroups(),
                c.getChunkBytes(),
                c.getDurabilityAlways(),
                c.getTrashRetentionMillis(),
                io.coppice.metadata.core.ClusterConfig.NEWEST_FORMAT);
    }

    static Command.Flip flip(Flip flip) {
        var slots = new ArrayList<Command.FlipSlot>(flip.getSlotsCount());
        for (FlipSlot slot : flip.getSlotsList()) {
            slots.add(
                    new Command.FlipSlot(slot.getIndex(), slot.getOldChunk(), slot.getNewChunk()));
        }
        return new Command.Flip(flip.getVolume(), flip.getGeneration(), flip.getFence(), slots);
    }

    static Command.RegisterNode register(RegisterNode node) {
        var stores = new ArrayList<Command.StoreReport>(node.getStoresCount());
        for (StoreReport store : node.getStoresList()) {
            stores.add(
                    new Command.StoreReport(
                            store.getUuid(),
                            store.getCapacityBytes(),
                            store.getIntact(),
                            positions(store)));
        }
        return new Command.RegisterNode(
                node.getName(),
                node.getAddress(),
                node.getHttpAddress(),
                node.getIncarnation(),
                node.getPid(),
                node.getRack(),
                node.getCluster(),
                stores,
                node.getFailedStoresList());
    }

    private static List<Command.GroupPosition> positions(StoreReport store) {
        var positions = new ArrayList<Command.GroupPosition>(store.getPositionsCount());
        for (GroupPosition p : store.getPositionsList()) {
            positions.add(
                    new Command.GroupPosition(
                            p.getGroup(), new Position(p.getEpoch(), p.getSequence())));
        }
        return positions;
    }
}
