package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PlacementPlannerProperties {

    private static List<PlacementPlanner.Candidate> equalStores(
            int nodes, int storesPerNode, int racks) {
        var candidates = new ArrayList<PlacementPlanner.Candidate>();
        for (int i = 0; i < nodes * storesPerNode; i++) {
            int node = i % nodes;
            candidates.add(
                    new PlacementPlanner.Candidate(i + 1, node, "rack" + node % racks, 1000));
        }
        return candidates;
    }

    private static int[] spread(Map<Integer, Integer> counts) {
        int min = counts.values().stream().mapToInt(i -> i).min().orElse(0);
        int max = counts.values().stream().mapToInt(i -> i).max().orElse(0);
        return new int[] {min, max};
    }

    @Property(seed = "26", tries = 2_000)
    void equalStoresGetEqualPartsAndPrimaries(
            @ForAll @IntRange(min = 1, max = 12) int nodes,
            @ForAll @IntRange(min = 1, max = 4) int storesPerNode,
            @ForAll @IntRange(min = 1, max = 3) int replicas,
            @ForAll @IntRange(min = 1, max = 200) int groups) {
        if (nodes >= replicas) {
            checkEqual(nodes, storesPerNode, replicas, groups);
        }
    }

    /// With two stores on each node some take part in one group, others in three.
    @Example
    void whereTwoLeadersAreAsGoodTheOneThatLeadsFewerIsTaken() {
        for (int nodes = 2; nodes <= 12; nodes++) {
            for (int groups = 1; groups <= 50; groups++) {
                checkEqual(nodes, 2, 2, groups);
            }
        }
    }

    private static void checkEqual(int nodes, int storesPerNode, int replicas, int groups) {
        var candidates = equalStores(nodes, storesPerNode, 1);
        var plan = PlacementPlanner.plan(candidates, groups, replicas);
        Map<Integer, Integer> parts = new HashMap<>();
        Map<Integer, Integer> primaries = new HashMap<>();
        for (var candidate : candidates) {
            parts.put(candidate.store(), 0);
            primaries.put(candidate.store(), 0);
        }
        assertEquals(groups, plan.size());
        for (int[] stores : plan) {
            assertEquals(replicas, stores.length);
            assertEquals(
                    replicas, Arrays.stream(stores).map(s -> (s - 1) % nodes).distinct().count());
            primaries.merge(stores[0], 1, Integer::sum);
            for (int store : stores) {
                parts.merge(store, 1, Integer::sum);
            }
        }
        assertTrue(spread(primaries)[1] - spread(primaries)[0] <= 1, primaries.toString());
        assertTrue(spread(parts)[1] - spread(parts)[0] <= 2, parts.toString());
    }

    @Example
    void racksAreDistinctWhenThereAreEnough() {
        for (int[] stores : PlacementPlanner.plan(equalStores(9, 2, 3), 100, 3)) {
            Set<Integer> racks = new HashSet<>();
            for (int store : stores) {
                racks.add((store - 1) % 9 % 3);
            }
            assertEquals(3, racks.size());
        }
    }

    @Example
    void capacityDecidesTheShare() {
        var candidates = new ArrayList<PlacementPlanner.Candidate>();
        for (int i = 1; i <= 10; i++) {
            candidates.add(new PlacementPlanner.Candidate(i, i, "r", i <= 5 ? 1000 : 2000));
        }
        Map<Integer, Integer> parts = new HashMap<>();
        for (int[] stores : PlacementPlanner.plan(candidates, 500, 3)) {
            for (int store : stores) {
                parts.merge(store, 1, Integer::sum);
            }
        }
        for (int i = 1; i <= 10; i++) {
            assertEquals(i <= 5 ? 100 : 200, parts.getOrDefault(i, 0), 3);
        }
    }

    @Example
    void aFailedStoresGroupsAreSpreadWidely() {
        var plan = PlacementPlanner.plan(equalStores(30, 1, 1), 1000, 3);
        Set<Integer> peers = new HashSet<>();
        for (int[] stores : plan) {
            if (Arrays.stream(stores).anyMatch(s -> s == 7)) {
                Arrays.stream(stores).forEach(peers::add);
            }
        }
        assertTrue(peers.size() > 24, peers.toString());
    }

    @Example
    void groupCountFollowsTheStores() {
        assertEquals(32, PlacementPlanner.groupCount(3, 3));
        assertEquals(32, PlacementPlanner.groupCount(1, 1));
        assertEquals(128, PlacementPlanner.groupCount(12, 3));
        assertEquals(128_000, PlacementPlanner.groupCount(12_000, 3));
    }
}
