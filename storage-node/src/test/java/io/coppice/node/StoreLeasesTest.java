package io.coppice.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.replica.NodeLease;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two stores; a beat every 300, a lease of 2000.
class StoreLeasesTest {
    private static final long BEAT = 300;
    private static final long LEASE = 2_000;

    private final StoreLeases<String> leases = new StoreLeases<>();
    private final NodeLease good = new NodeLease(0);
    private final NodeLease bad = new NodeLease(0);
    private final Set<String> stuck = new HashSet<>();
    private long now;
    private long sequence = 1;

    @BeforeEach
    void registered() {
        leases.add("good", good, 1, now);
        leases.add("bad", bad, 1, now);
        leases.answered(1, LEASE);
    }

    private StoreLeases.Seen<String> beat() {
        now += BEAT;
        var seen = leases.look(store -> !stuck.contains(store), now);
        leases.sent(++sequence, now);
        leases.answered(sequence, LEASE);
        return seen;
    }

    /// Beats until something is given up.
    private void giveUpBad() {
        stuck.add("bad");
        for (int i = 0; i < 100; i++) {
            List<String> givenUp = beat().givenUp();
            if (!givenUp.isEmpty()) {
                assertEquals(List.of("bad"), givenUp);
                return;
            }
        }
        throw new AssertionError("it is never given up");
    }

    @Test
    void onlyTheStuckStoreLosesItsLease() {
        beat();
        stuck.add("bad");
        for (int i = 0; i < 6; i++) {
            beat();
            assertTrue(bad.holds(now), "the lease of its last beat runs");
            assertTrue(leases.takesPart("bad"));
        }
        giveUpBad();
        assertFalse(bad.holds(now));
        assertTrue(good.holds(now));
        assertFalse(leases.takesPart("bad"));
        assertTrue(leases.takesPart("good"));
        assertEquals(List.of(), beat().givenUp(), "said once");
    }

    @Test
    void anAnswerThatComesLateDoesNotReviveAStoreThatWasGivenUp() {
        now += BEAT;
        leases.sent(++sequence, now);
        long late = sequence;
        giveUpBad();
        leases.answered(late, 1_000_000);
        assertFalse(bad.holds(now));
        assertTrue(good.holds(now));
        leases.answered(sequence, LEASE);
        assertFalse(bad.holds(now));
    }

    @Test
    void aStoreThatMovesAgainTakesPartFromItsNextRegistrationOn() {
        giveUpBad();
        stuck.clear();
        assertEquals(List.of("bad"), beat().back());
        assertFalse(leases.takesPart("bad"));
        assertFalse(bad.holds(now));
        leases.registering(Set.of("good", "bad"), ++sequence, now);
        assertFalse(bad.holds(now), "not before the answer");
        leases.answered(sequence, LEASE);
        assertTrue(bad.holds(now));
        assertEquals(List.of(), beat().back());
    }

    @Test
    void aProcessThatWasStoppedBlamesNobody() {
        now += 100 * LEASE;
        stuck.addAll(List.of("good", "bad"));
        assertEquals(List.of(), beat().givenUp());
        stuck.clear();
        assertEquals(List.of(), beat().givenUp());
        assertTrue(good.holds(now) && bad.holds(now));
    }

    @Test
    void nobodySpeaksForANodeOfWhichNothingMoves() {
        assertTrue(leases.mayBeat());
        stuck.add("bad");
        beat();
        assertTrue(leases.mayBeat());
        stuck.add("good");
        beat();
        assertFalse(leases.mayBeat());
        leases.registering(Set.of(), ++sequence, now);
        assertTrue(leases.mayBeat(), "it is known that they are stuck");
    }

    @Test
    void aStoreThatFailedHoldsNoLease() {
        leases.remove("bad");
        beat();
        assertFalse(bad.holds(now));
        assertFalse(leases.takesPart("bad"));
    }
}
