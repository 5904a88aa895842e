package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NodeLeasesTest {
    private static final long START =
            Math.subtractExact(Long.MAX_VALUE, 3_000); // the clock may overflow at any time
    private static final long LEASE = 2_000;
    private static final long PATIENCE = 2_100;

    private final NodeLeases leases = new NodeLeases(LEASE, START);

    private void grant(String node, long arrived) {
        assertTrue(leases.grant(node, leases.ticket(node), arrived));
    }

    private void assertOverAfter(String node, long end) {
        assertFalse(leases.isOver(node, end));
        assertTrue(leases.isOver(node, end + 1));
    }

    @Test
    void aNewLeaderWaitsOneLeaseForEverybody() {
        assertEquals(PATIENCE, leases.patienceNanos());
        assertOverAfter("a", START + PATIENCE);
        grant("b", START - 1_000);
        assertOverAfter("b", START + PATIENCE);
    }

    @Test
    void aLeaseCountsFromTheArrivalOfTheNewestBeatThatWasAnswered() {
        grant("a", START + 500);
        long unanswered = leases.ticket("a");
        assertOverAfter("a", START + 500 + PATIENCE);
        assertTrue(leases.grant("a", unanswered, START + 900));
        grant("a", START + 700);
        assertOverAfter("a", START + 900 + PATIENCE);
        assertOverAfter("b", START + PATIENCE);
    }

    @Test
    void nothingThatCameBeforeOrDuringALossIsAnswered() {
        grant("a", START + 500);
        long before = leases.ticket("a");
        assertTrue(leases.beginLoss("a"));
        assertFalse(leases.beginLoss("a"), "once at a time");
        long during = leases.ticket("a");
        assertFalse(leases.grant("a", before, START + 2_700));
        assertFalse(leases.grant("a", during, START + 2_700));
        leases.endLoss("a");
        assertFalse(leases.grant("a", before, START + 2_700));
        assertFalse(leases.grant("a", during, START + 2_700));
        assertOverAfter("a", START + 500 + PATIENCE);
        grant("a", START + 2_800);
        assertOverAfter("a", START + 2_800 + PATIENCE);
    }

    @Test
    void aNodeThatWasNeverHeardCanBeLostToo() {
        long early = leases.ticket("a");
        assertTrue(leases.beginLoss("a"));
        leases.endLoss("a");
        assertFalse(leases.grant("a", early, START + 10));
        grant("a", START + 20);
    }

    @Test
    void aLeaderThatWasStoppedGivesEverybodyTimeAgain() {
        grant("a", START);
        leases.tick(START + 900);
        leases.tick(START + 1_800);
        assertOverAfter("a", START + PATIENCE);
        leases.tick(START + 9_000);
        assertOverAfter("a", START + 9_000 + PATIENCE);
        assertOverAfter("b", START + 9_000 + PATIENCE);
    }
}
