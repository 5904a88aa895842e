package io.coppice.metadata.core;

import io.coppice.port.Marks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What to do next so that every group has its replicas, on stores that stay, evenly spread. Pure
/// and deterministic, and without memory: what is under way can be seen in the groups, so a new
/// leader goes on where the old one was. The plan is a few commands, each good for the present view
/// of its group; when they are done, it is made again.
///
/// In this order, each only when there is nothing to do before it:
///
/// 1. groups with a replica too many lose it, once the others serve;
/// 2. replicas whose stores are leaving (drained, failed, down for too long) get a replacement, and
///    so does one of two on the same node, the thinnest groups first;
/// 3. replicas move from full to empty stores, when some store is more than [#IMBALANCE] away from
///    its share by capacity;
/// 4. primaries are spread, to stores that have been serving for a while: one that has just come
///    back is cold, and may go again.
final class RepairPlanner {
    /// Deviation from a store's share that is left alone.
    static final double IMBALANCE = 0.10;

    /// A store.
    ///
    /// @param weight > 0: what it may hold, in proportion to the others
    /// @param takes it may get more replicas
    /// @param leaves its replicas are to be replaced
    /// @param settled it may lead more groups
    record Place(
            int store,
            int node,
            String rack,
            long weight,
            boolean takes,
            boolean leaves,
            boolean settled) {}

    private final Map<Integer, Place> places = new TreeMap<>();
    private final List<Group> groups;
    private final int replicas;
    private final int syncsPerStore;
    private final int movesMax;
    private final boolean byRack;

    /// Replicas of each store, as they will be when what is under way is done.
    private final Map<Integer, Integer> load = new HashMap<>();

    private final Map<Integer, Integer> leads = new HashMap<>();
    private final Map<Integer, Integer> syncs = new HashMap<>();

    /// Group -> the store that will go.
    private final Map<Integer, Integer> extras = new TreeMap<>();

    private final List<Command> commands = new ArrayList<>();

    private RepairPlanner(
            List<Place> all, List<Group> groups, int replicas, int syncsPerStore, int movesMax) {
        all.forEach(place -> places.put(place.store(), place));
        this.groups = groups;
        this.replicas = replicas;
        this.syncsPerStore = syncsPerStore;
        this.movesMax = movesMax;
        this.byRack =
                all.stream().filter(Place::takes).map(Place::rack).distinct().count() >= replicas;
    }

    /// @param syncsPerStore replicas that a store may copy, as a source or a target, at a time
    /// @param movesMax groups in which a replica moves for balance at a time
    static List<Command> plan(
            List<Place> places, List<Group> groups, int replicas, int syncsPerStore, int movesMax) {
        var planner = new RepairPlanner(places, groups, replicas, syncsPerStore, movesMax);
        planner.count();
        planner.drop();
        planner.replace();
        if (planner.isSound()) {
            planner.balance();
            if (planner.commands.isEmpty() && planner.extras.isEmpty()) {
                planner.spreadPrimaries();
            }
        }
        return planner.commands;
    }

    // ------------------------------------------------------------ the present

    private void count() {
        for (Group group : groups) {
            group.replicas().forEach(replica -> load.merge(replica.store(), 1, Integer::sum));
            int primary = primary(group);
            leads.merge(primary, 1, Integer::sum);
            for (Replica replica : group.replicas()) {
                if (replica.state() == ReplicaState.SYNCING) {
                    syncs.merge(replica.store(), 1, Integer::sum);
                    syncs.merge(primary, 1, Integer::sum);
                }
            }
        }
        for (Group group : groups) {
            if (group.replicas().size() > replicas) {
                int extra = extra(group);
                extras.put(group.id(), extra);
                load.merge(extra, -1, Integer::sum);
            }
        }
    }

    private static int primary(Group group) {
        return group.primary().map(Replica::store).orElse(0);
    }

    private boolean leaves(int store) {
        Place place = places.get(store);
        return place == null || place.leaves();
    }

    private boolean isSettled(int store) {
        Place place = places.get(store);
        return place != null && place.settled();
    }

    private int node(int store) {
        Place place = places.get(store);
        return place == null ? -store : place.node();
    }

    private double ratio(int store, int more) {
        Place place = places.get(store);
        double weight = place == null ? 1 : place.weight();
        return (load.getOrDefault(store, 0) + more) / weight;
    }

    /// Replicas of the group by node.
    private Map<Integer, Integer> nodes(Group group) {
        var nodes = new HashMap<Integer, Integer>();
        group.replicas().forEach(replica -> nodes.merge(node(replica.store()), 1, Integer::sum));
        return nodes;
    }

    private boolean shares(Group group) {
        return nodes(group).size() < group.replicas().size();
    }

    /// Which replica of a group with one too many is to go: one that will not come back; of two on
    /// one node one of these; those that are needed least; else that of the fullest store.
    private int extra(Group group) {
        var nodes = nodes(group);
        boolean shared = shares(group);
        boolean enough = group.serving() >= replicas;
        Comparator<Replica> byNeed = Comparator.comparingInt(replica -> rank(replica, enough));
        return group.replicas().stream()
                .filter(replica ->
                        !shared
                                || nodes.getOrDefault(node(replica.store()), 0) > 1
                                || (replica.state() == ReplicaState.DOWN
                                        && leaves(replica.store())))
                .max(
                        byNeed.thenComparingDouble(replica -> ratio(replica.store(), 0))
                                .thenComparingInt(r -> r.state() == ReplicaState.SYNCING ? 1 : 0)
                                .thenComparingInt(Replica::store))
                .map(Replica::store)
                .orElseThrow();
    }

    /// The higher, the less the replica is needed.
    private int rank(Replica replica, boolean enoughServe) {
        boolean leaves = leaves(replica.store());
        return switch (replica.state()) {
            case LAST -> leaves ? 4 : 0;
            case DOWN -> leaves ? 6 : enoughServe ? 5 : 2;
            // It moves for balance, or the one that it was to replace is back: then fullness
            // decides.
            case SYNCING -> leaves ? 4 : enoughServe ? 1 : 0;
            case SERVING -> leaves ? 3 : 1;
        };
    }

    /// Everybody is where he should be and serves, or is on the way.
    private boolean isSound() {
        for (Group group : groups) {
            for (Replica replica : group.replicas()) {
                boolean serves = replica.state() == ReplicaState.SERVING;
                boolean comes =
                        replica.state() == ReplicaState.SYNCING && extras.containsKey(group.id());
                if (!serves && !comes || leaves(replica.store())) {
                    return false;
                }
            }
        }
        return true;
    }

    // ------------------------------------------------------------ 1. one too many

    private void drop() {
        for (Group group : groups) {
            Integer extra = extras.get(group.id());
            if (extra == null || !isDroppable(group, extra)) {
                continue;
            }
            int store = extra;
            if (primary(group) == store) {
                group.replicas().stream()
                        .filter(r -> r.state() == ReplicaState.SERVING && r.store() != store)
                        .min(
                                Comparator.<Replica>comparingInt(r -> leaves(r.store()) ? 1 : 0)
                                        .thenComparingDouble(r -> excess(r.store()))
                                        .thenComparingInt(Replica::store))
                        .ifPresent(heir -> lead(group, heir.store()));
            } else {
                commands.add(new Command.DropReplica(group.id(), group.epoch(), store));
            }
        }
    }

    private boolean isDroppable(Group group, int store) {
        ReplicaState state = group.replica(store).map(Replica::state).orElse(ReplicaState.LAST);
        boolean nobodyComes =
                group.replicas().stream().noneMatch(r -> r.state() == ReplicaState.SYNCING);
        return switch (state) {
            case LAST -> false;
            case SERVING -> group.serving() > replicas;
            case SYNCING -> group.serving() >= replicas;
            // Of two that are down the one that will not come back makes room for another.
            case DOWN ->
                    group.primary().isPresent()
                            && (group.serving() >= replicas || leaves(store) && nobodyComes);
        };
    }

    private void lead(Group group, int store) {
        leads.merge(primary(group), -1, Integer::sum);
        leads.merge(store, 1, Integer::sum);
        commands.add(new Command.MovePrimary(group.id(), group.epoch(), store));
    }

    // ------------------------------------------------------------ 2. replacements

    private void replace() {
        groups.stream()
                .filter(group -> group.replicas().size() <= replicas && primary(group) != 0)
                .filter(group ->
                        shares(group) || group.replicas().stream().anyMatch(r -> leaves(r.store())))
                .sorted(Comparator.comparingInt(Group::serving).thenComparingInt(Group::id))
                .forEach(group -> {
                    Place target = target(group);
                    if (target != null && isFree(primary(group))) {
                        add(group, target.store());
                    }
                });
    }

    private boolean isFree(int store) {
        return syncs.getOrDefault(store, 0) < syncsPerStore;
    }

    private @Nullable Place target(Group group) {
        Set<Integer> nodes = new HashSet<>();
        Set<String> racks = new HashSet<>();
        for (Replica replica : group.replicas()) {
            Place place = places.get(replica.store());
            if (place != null && !place.leaves()) {
                nodes.add(place.node());
                racks.add(place.rack());
            }
        }
        Place best = null;
        for (Place place : places.values()) {
            boolean fits =
                    place.takes()
                            && group.replica(place.store()).isEmpty()
                            && !nodes.contains(place.node())
                            && !(byRack && racks.contains(place.rack()))
                            && isFree(place.store());
            if (fits && (best == null || isBetter(group, place, best))) {
                best = place;
            }
        }
        return best;
    }

    private boolean isBetter(Group group, Place place, Place than) {
        int byLoad = Double.compare(ratio(place.store(), 1), ratio(than.store(), 1));
        return byLoad < 0 || byLoad == 0 && tie(group, place.store()) < tie(group, than.store());
    }

    private static long tie(Group group, int store) {
        return ChunkCounts.mix(((long) group.id() << 32) + store);
    }

    private void add(Group group, int store) {
        load.merge(store, 1, Integer::sum);
        syncs.merge(store, 1, Integer::sum);
        syncs.merge(primary(group), 1, Integer::sum);
        commands.add(new Command.AddReplica(group.id(), group.epoch(), store));
    }

    // ------------------------------------------------------------ 3. balance

    /// Loads in proportion to weights; what the stores that stay hold together is shared out.
    private void balance() {
        var staying = places.values().stream().filter(place -> !place.leaves()).toList();
        double weights = staying.stream().mapToDouble(Place::weight).sum();
        double total = staying.stream().mapToInt(p -> load.getOrDefault(p.store(), 0)).sum();
        Set<Integer> moving = new HashSet<>(extras.keySet());
        while (moving.size() < movesMax) {
            double share = total / weights;
            boolean isOff = staying.stream().anyMatch(place -> isOff(place, share));
            Move move = isOff ? move(staying, moving) : null;
            if (move == null) {
                return;
            }
            Marks.hit("a replica moves for balance");
            moving.add(move.group().id());
            load.merge(move.from(), -1, Integer::sum);
            add(move.group(), move.to());
        }
    }

    /// By more than can be left alone, and by more than one replica.
    private boolean isOff(Place place, double share) {
        double due = share * place.weight();
        double off = Math.abs(load.getOrDefault(place.store(), 0) - due);
        return off > IMBALANCE * due && off >= 1;
    }

    private record Move(Group group, int from, int to) {}

    /// From as full a store as possible to as empty a one as possible, when that brings the two
    /// closer together.
    private @Nullable Move move(List<Place> staying, Set<Integer> moving) {
        Comparator<Place> byRatio =
                Comparator.<Place>comparingDouble(place -> ratio(place.store(), 0))
                        .thenComparingInt(Place::store);
        List<Place> ascending = staying.stream().sorted(byRatio).toList();
        for (Place to : ascending) {
            for (Place from : ascending.reversed()) {
                if (ratio(from.store(), -1) < ratio(to.store(), 1)) {
                    break;
                }
                Group group = to.takes() ? movable(from, to, moving) : null;
                if (group != null) {
                    return new Move(group, from.store(), to.store());
                }
            }
        }
        return null;
    }

    private @Nullable Group movable(Place from, Place to, Set<Integer> moving) {
        if (!isFree(to.store())) {
            return null;
        }
        return groups.stream()
                .filter(group -> !moving.contains(group.id()) && isFree(primary(group)))
                .filter(group -> group.replica(from.store()).isPresent() && fits(group, from, to))
                .min(
                        Comparator.<Group>comparingLong(group -> tie(group, to.store()))
                                .thenComparingInt(Group::id))
                .orElse(null);
    }

    private boolean fits(Group group, Place from, Place to) {
        for (Replica replica : group.replicas()) {
            Place place = places.get(replica.store());
            if (place == null || place.store() == from.store()) {
                continue;
            }
            if (place.node() == to.node() || byRack && place.rack().equals(to.rack())) {
                return false;
            }
        }
        // `extra` takes the fullest: that must be `from`, or the move would not be this one.
        return group.replicas().stream()
                .noneMatch(replica -> ratio(replica.store(), 0) > ratio(from.store(), 0));
    }

    // ------------------------------------------------------------ 4. primaries

    private double excess(int store) {
        return leads.getOrDefault(store, 0) - load.getOrDefault(store, 0) / (double) replicas;
    }

    /// One at a time: each is a short pause for the writers of its group.
    private void spreadPrimaries() {
        Group best = null;
        int heir = 0;
        double gain = 1 + 1e-9;
        for (Group group : groups) {
            for (Replica replica : group.replicas()) {
                double difference = excess(primary(group)) - excess(replica.store());
                if (replica.store() != primary(group)
                        && difference > gain
                        && isSettled(replica.store())) {
                    best = group;
                    heir = replica.store();
                    gain = difference;
                }
            }
        }
        if (best != null && gain >= 2 && gain > IMBALANCE * leads.getOrDefault(primary(best), 0)) {
            lead(best, heir);
        }
    }

    // ------------------------------------------------------------ from the tables

    static List<Command> plan(Tables tables, MetadataView.RepairRules rules) {
        ClusterConfig config = tables.config;
        if (config == null) {
            return List.of();
        }
        var places = new ArrayList<Place>();
        for (Store store : tables.stores.values()) {
            Node node = tables.storageNodes.get(store.node());
            if (node == null) {
                continue;
            }
            boolean gone =
                    !store.up()
                            && (store.failed()
                                    || rules.nowMillis() - store.downSinceMillis()
                                            > rules.repairAfterMillis());
            places.add(
                    new Place(
                            store.id(),
                            node.id(),
                            node.rack(),
                            store.capacityBytes(),
                            store.up() && !node.draining() && !rules.full().contains(store.id()),
                            node.draining() || gone,
                            rules.nowMillis() - store.servingSinceMillis()
                                    >= rules.settleMillis()));
        }
        return plan(
                places,
                tables.groups.values(),
                config.replicas(),
                rules.syncsPerStore(),
                rules.movesMax());
    }
}
