package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.lane.Accepted.Verdict;
import io.coppice.wire.pb.DataKind;
import org.junit.jupiter.api.Test;

final class AcceptedTest {
    private static final long LARGEST = Accepted.of(DataKind.READ, 1_024);

    @Test
    void oneReadOfASocketFullOfRequestsIsBounded() {
        var connection = new Accepted();
        long accepted = 0;
        int paused = 0;
        int refused = 0;
        for (int i = 0; i < 6_000; i++) {
            Verdict verdict = connection.owe(LARGEST, 0);
            accepted += verdict == Verdict.REFUSED ? 0 : LARGEST;
            paused += verdict == Verdict.PAUSE ? 1 : 0;
            refused += verdict == Verdict.REFUSED ? 1 : 0;
        }
        assertEquals(Accepted.REFUSE_BYTES, accepted);
        assertTrue(paused > 0);
        assertTrue(refused > 5_000);
        assertFalse(connection.mayRead());
        int resumed = 0;
        for (long left = accepted; left > 0; left -= LARGEST) {
            resumed += connection.paid(LARGEST) ? 1 : 0;
        }
        assertEquals(1, resumed, "the socket is read again, once");
        assertTrue(connection.mayRead());
    }

    @Test
    void answersThatNobodyTakesCountToo() {
        var connection = new Accepted();
        assertEquals(Verdict.REFUSED, connection.owe(LARGEST, Accepted.REFUSE_BYTES));
        assertEquals(
                Verdict.ACCEPTED, connection.owe(0, Accepted.REFUSE_BYTES), "small answers pass");
    }

    @Test
    void aRequestIsWorthWhatItMayBring() {
        assertEquals(4L << 20, LARGEST);
        assertEquals(4L << 20, Accepted.of(DataKind.READ, Integer.MAX_VALUE));
        assertEquals(0, Accepted.of(DataKind.READ, -5), "malformed: its answer is a refusal");
        assertEquals(0, Accepted.of(DataKind.WRITE, 1_024));
    }
}
