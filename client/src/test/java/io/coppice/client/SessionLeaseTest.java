package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SessionLeaseTest {
    private static final long MILLI = 1_000_000;

    private final SessionLease lease = new SessionLease();

    @Test
    void itCountsFromWhenTheAnsweredBeatWasSent() {
        assertFalse(lease.holds(0));
        long beat = lease.beat(100 * MILLI);
        assertFalse(lease.holds(100 * MILLI));
        lease.answered(beat, 2_000);
        assertTrue(lease.holds(2_099 * MILLI));
        assertFalse(lease.holds(2_100 * MILLI));
        assertEquals(666, lease.beatMillis());
    }

    @Test
    void anAnswerToAnOlderBeatDoesNotShortenIt() {
        long first = lease.beat(0);
        long second = lease.beat(500 * MILLI);
        lease.answered(second, 2_000);
        lease.answered(first, 2_000);
        assertTrue(lease.holds(2_499 * MILLI));
    }

    @Test
    void whatWasNeverSentOrIsAnsweredTwiceGrantsNothing() {
        lease.answered(7, 2_000);
        assertFalse(lease.holds(0));
        long beat = lease.beat(0);
        lease.answered(beat, 0);
        assertFalse(lease.holds(0), "the leader gives none");
        lease.answered(beat, 2_000);
        assertFalse(lease.holds(0));
    }

    @Test
    void itEndsWithItsSession() {
        long beat = lease.beat(0);
        long other = lease.beat(1);
        lease.answered(beat, 2_000);
        lease.end();
        assertFalse(lease.holds(2));
        lease.answered(other, 2_000);
        assertFalse(lease.holds(2), "a beat of the session that has ended");
    }

    @Test
    void beatsWithoutAnswerAreForgotten() {
        long oldest = lease.beat(0);
        for (int i = 0; i < 100; i++) {
            lease.beat(i);
        }
        lease.answered(oldest, 2_000);
        assertFalse(lease.holds(1));
    }
}
