package io.coppice.metadata.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Makes the replica groups of a new cluster: stores in proportion to their capacity, a group's
/// replicas on distinct nodes and, when there are enough racks, in distinct racks; primaries spread
/// evenly. Pure and deterministic. Which stores share groups is mixed, so that a failed store's
/// groups have their other replicas all over the cluster.
final class PlacementPlanner {
    static final int GROUPS_MAX = 1 << 17;
    private static final int GROUPS_MIN = 32;

    /// A store that may take replicas. `weight` > 0.
    record Candidate(int store, int node, String rack, long weight) {}

    private record Load(double share, long tie, int index) implements Comparable<Load> {
        @Override
        public int compareTo(Load other) {
            int byShare = Double.compare(share, other.share);
            int byTie = byShare != 0 ? byShare : Long.compare(tie, other.tie);
            return byTie != 0 ? byTie : Integer.compare(index, other.index);
        }
    }

    private final List<Candidate> candidates;
    private final int replicas;
    private final boolean byRack;
    private final int[] assigned;
    private final TreeSet<Load> loads = new TreeSet<>();

    private PlacementPlanner(List<Candidate> candidates, int replicas) {
        this.candidates = candidates;
        this.replicas = replicas;
        this.byRack = candidates.stream().map(Candidate::rack).distinct().count() >= replicas;
        this.assigned = new int[candidates.size()];
        for (int i = 0; i < assigned.length; i++) {
            loads.add(load(i));
        }
    }

    /// Groups for so many stores when nobody asked for a number: each store gets part in 32 or
    /// more.
    static int groupCount(int stores, int replicas) {
        return Math.min(GROUPS_MAX, Math.max(GROUPS_MIN, GROUPS_MIN * stores / replicas));
    }

    /// One array of store ids a group, the primary first. There are at least `replicas` distinct
    /// nodes.
    static List<int[]> plan(List<Candidate> candidates, int groups, int replicas) {
        var planner = new PlacementPlanner(candidates, replicas);
        var members = new ArrayList<int[]>(groups);
        for (int group = 0; group < groups; group++) {
            members.add(planner.nextGroup());
        }
        int[] primaries = planner.primaries(members);
        var plan = new ArrayList<int[]>(groups);
        for (int group = 0; group < groups; group++) {
            plan.add(planner.ordered(members.get(group), primaries[group]));
        }
        return plan;
    }

    private Load load(int index) {
        double share = (assigned[index] + 1) / (double) candidates.get(index).weight();
        long tie = ChunkCounts.mix(((long) index << 32) + assigned[index]);
        return new Load(share, tie, index);
    }

    private int[] nextGroup() {
        int[] members = new int[replicas];
        Set<Integer> nodes = new HashSet<>();
        Set<String> racks = new HashSet<>();
        for (int i = 0; i < replicas; i++) {
            int chosen = leastLoaded(nodes, racks);
            members[i] = chosen;
            nodes.add(candidates.get(chosen).node());
            racks.add(candidates.get(chosen).rack());
        }
        for (int index : members) {
            loads.remove(load(index));
            assigned[index]++;
            loads.add(load(index));
        }
        return members;
    }

    private int leastLoaded(Set<Integer> nodes, Set<String> racks) {
        for (Load load : loads) {
            Candidate candidate = candidates.get(load.index);
            if (!nodes.contains(candidate.node())
                    && !(byRack && racks.contains(candidate.rack()))) {
                return load.index;
            }
        }
        throw new IllegalArgumentException("too few nodes for " + replicas + " replicas");
    }

    // ------------------------------------------------------------ primaries

    /// Index of the candidate that leads each group. Starts with the least burdened member and then
    /// moves leadership along paths of groups from stores with too much of it to stores with too
    /// little.
    private int[] primaries(List<int[]> members) {
        var leads = new int[candidates.size()];
        var primaries = new int[members.size()];
        for (int group = 0; group < primaries.length; group++) {
            int best = members.get(group)[0];
            for (int member : members.get(group)) {
                if (excess(leads, member) < excess(leads, best)) {
                    best = member;
                }
            }
            primaries[group] = best;
            leads[best]++;
        }
        Map<Integer, List<Integer>> groupsOf = new HashMap<>();
        for (int group = 0; group < primaries.length; group++) {
            for (int member : members.get(group)) {
                groupsOf.computeIfAbsent(member, _ -> new ArrayList<>()).add(group);
            }
        }
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int store = 0; store < leads.length; store++) {
                moved |= unburden(store, members, groupsOf, primaries, leads);
            }
        }
        return primaries;
    }

    private double excess(int[] leads, int index) {
        return leads[index] - assigned[index] / (double) replicas;
    }

    /// Whether it is more even when `to` leads one group more and `from` one less; where both are
    /// as good, the one that leads fewer. Each step lowers the sum of the squares of the excesses
    /// or, at an equal sum, that of the leads: it ends.
    private boolean shouldTake(int[] leads, int to, int from) {
        double gap = excess(leads, from) - excess(leads, to);
        return gap > 1 + 1e-9 || gap > 1 - 1e-9 && leads[from] - leads[to] > 1;
    }

    /// Breadth first from `store` over "leads a group that the other is a member of".
    private boolean unburden(
            int store,
            List<int[]> members,
            Map<Integer, List<Integer>> groupsOf,
            int[] primaries,
            int[] leads) {
        boolean wanted = false;
        for (int other = 0; other < leads.length && !wanted; other++) {
            wanted = shouldTake(leads, other, store);
        }
        if (!wanted) {
            return false;
        }
        var groupTo = new int[leads.length];
        Arrays.fill(groupTo, -1);
        var queue = new ArrayDeque<Integer>();
        queue.add(store);
        while (!queue.isEmpty()) {
            int at = queue.remove();
            if (shouldTake(leads, at, store)) {
                for (int to = at; to != store; ) {
                    int group = groupTo[to];
                    int from = primaries[group];
                    primaries[group] = to;
                    to = from;
                }
                leads[store]--;
                leads[at]++;
                return true;
            }
            for (int group : groupsOf.getOrDefault(at, List.of())) {
                if (primaries[group] != at) {
                    continue;
                }
                for (int member : members.get(group)) {
                    if (member != store && groupTo[member] < 0) {
                        groupTo[member] = group;
                        queue.add(member);
                    }
                }
            }
        }
        return false;
    }

    private int[] ordered(int[] members, int primary) {
        int[] stores = new int[members.length];
        stores[0] = candidates.get(primary).store();
        int at = 1;
        for (int member : members) {
            if (member != primary) {
                stores[at++] = candidates.get(member).store();
            }
        }
        return stores;
    }
}
