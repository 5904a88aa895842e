package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DirtyGroupsTest {
    private final DirtyGroups groups = new DirtyGroups();

    @Test
    void theOldestEpochCounts() {
        groups.add(7, 5);
        groups.add(7, 9);
        groups.add(100, 4);
        groups.add(100, 3);
        assertArrayEquals(new int[] {7, 100}, groups.stream().toArray());
        assertEquals(5, groups.since(7));
        assertEquals(3, groups.since(100));
    }

    @Test
    void whatWasClearedDoesNotCountAndMayComeBack() {
        var before = new DirtyGroups();
        before.add(7, 5);
        groups.add(7, 4);
        groups.clear();
        assertTrue(groups.isEmpty());
        groups.add(7, 8);
        assertEquals(8, groups.since(7), "what was cleared does not count");
        groups.addAll(before);
        assertEquals(5, groups.since(7));
        groups.remove(7);
        assertTrue(groups.isEmpty());
    }
}
