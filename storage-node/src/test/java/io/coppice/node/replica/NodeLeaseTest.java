package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NodeLeaseTest {
    private static final long START =
            Math.subtractExact(Long.MAX_VALUE, 500); // the clock may overflow at any time
    private static final long LEASE = 2_000;

    private final NodeLease lease = new NodeLease(START);

    private void assertHoldsUntil(long end) {
        assertTrue(lease.holds(end - 1));
        assertFalse(lease.holds(end));
        assertFalse(lease.holds(end + 1_000_000));
    }

    @Test
    void nothingIsServedBeforeTheFirstAnswer() {
        assertFalse(lease.holds(START));
        lease.sent(1, START);
        assertFalse(lease.holds(START));
    }

    @Test
    void itCountsFromWhenTheBeatWasSentHoweverLateTheAnswer() {
        lease.sent(1, START + 100);
        lease.answered(1, LEASE);
        assertHoldsUntil(START + 100 + LEASE);
    }

    @Test
    void answersOutOfOrderNeverShortenIt() {
        lease.sent(1, START);
        lease.sent(2, START + 300);
        lease.answered(2, LEASE);
        lease.answered(1, LEASE);
        lease.answered(1, LEASE);
        assertHoldsUntil(START + 300 + LEASE);
    }

    @Test
    void anUnansweredBeatGrantsNothing() {
        lease.sent(1, START);
        lease.answered(1, LEASE);
        for (int beat = 2; beat < 200; beat++) {
            lease.sent(beat, START + beat * 10L);
        }
        assertHoldsUntil(START + LEASE);
    }

    @Test
    void anAnswerToABeatThatIsForgottenOrWasNeverSentGrantsNothing() {
        for (int beat = 1; beat <= 65; beat++) {
            lease.sent(beat, START + beat);
        }
        lease.answered(1, LEASE);
        lease.answered(66, LEASE);
        lease.answered(0, LEASE);
        lease.answered(-63, LEASE);
        assertFalse(lease.holds(START));
        lease.answered(2, LEASE);
        assertHoldsUntil(START + 2 + LEASE);
    }

    @Test
    void theLengthIsTheLeadersAndMayChange() {
        lease.sent(1, START);
        lease.answered(1, 500);
        assertHoldsUntil(START + 500);
        lease.sent(2, START + 100);
        lease.answered(2, 3_000);
        assertHoldsUntil(START + 3_100);
    }
}
