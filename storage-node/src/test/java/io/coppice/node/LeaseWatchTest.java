package io.coppice.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.node.LeaseWatch.Change;
import org.junit.jupiter.api.Test;

class LeaseWatchTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long LONG = LeaseWatch.SILENCE_NANOS_MAX + 1;

    private final LeaseWatch watch = new LeaseWatch();

    @Test
    void aLeaseIsGainedAndLostOnce() {
        assertEquals(Change.NONE, watch.look(false, true, SECOND));
        assertEquals(Change.GAINED, watch.look(true, true, 2 * SECOND));
        assertEquals(Change.NONE, watch.look(true, true, 3 * SECOND));
        assertEquals(Change.LOST, watch.look(false, true, 4 * SECOND));
        assertEquals(Change.NONE, watch.look(false, true, 5 * SECOND));
    }

    @Test
    void aLeaderThatIsSilentForLongIsHungUpOnAgainAndAgain() {
        watch.look(true, true, 0);
        assertEquals(Change.LOST, watch.look(false, true, SECOND));
        assertEquals(Change.NONE, watch.look(false, true, SECOND + LONG - 1));
        assertEquals(Change.SILENT, watch.look(false, true, SECOND + LONG));
        assertEquals(Change.NONE, watch.look(false, true, 2 * LONG));
        assertEquals(Change.SILENT, watch.look(false, true, SECOND + 2 * LONG));
    }

    @Test
    void whoWasStoppedHimselfListensFirst() {
        watch.look(true, true, 0);
        assertEquals(Change.LOST, watch.look(false, true, 10 * LONG));
        assertEquals(Change.NONE, watch.look(false, true, 10 * LONG + SECOND));
        assertEquals(Change.GAINED, watch.look(true, true, 10 * LONG + 2 * SECOND));
    }

    @Test
    void whoWasJustWelcomedIsPatient() {
        assertEquals(Change.NONE, watch.look(false, true, 2 * LONG));
        assertEquals(Change.NONE, watch.look(false, false, 4 * LONG));
        assertEquals(Change.NONE, watch.look(false, true, 6 * LONG));
        assertEquals(Change.SILENT, watch.look(false, true, 7 * LONG));
    }
}
