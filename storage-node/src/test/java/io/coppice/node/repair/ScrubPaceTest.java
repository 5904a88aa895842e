package io.coppice.node.repair;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.store.Scrub;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// How fast, how often, and from where.
final class ScrubPaceTest {
    private static final long SECOND = 1_000_000_000;
    private static final int STEP = 256 << 10;

    private static long readIn(int seconds, boolean foreground) {
        var pace = new ScrubPace(8 << 20, 0);
        long read = 0;
        for (long now = 0; now <= seconds * SECOND; now += 20_000_000) {
            if (pace.allowance(now, foreground) > 0) {
                read += STEP; // whatever is allowed, a step is a step
                pace.spent(STEP);
            }
        }
        return read;
    }

    @Test
    void theRateIsKeptAndAQuarterOfItBesideForegroundWork() {
        assertEquals(80L << 20, readIn(10, false), 1 << 20);
        assertEquals(20L << 20, readIn(10, true), 1 << 20);
    }

    @Test
    void aStallIsNotMadeUpFor() {
        var pace = new ScrubPace(8 << 20, 0);
        assertTrue(pace.allowance(3600 * SECOND, false) <= 1 << 20);
    }

    @Test
    void nothingIsReadAtRateZeroNorWhenTheClockStandsStill() {
        var none = new ScrubPace(0, 0);
        assertEquals(0, none.allowance(100 * SECOND, false));
        var pace = new ScrubPace(8 << 20, 50);
        assertEquals(0, pace.allowance(50, false));
        assertEquals(0, pace.allowance(20, false));
    }

    @Test
    void aPassIsDueAfterTheIntervalSoonerWhenSomethingIsLeft() {
        long day = 86_400_000;
        assertTrue(ScrubProgress.NONE.isDue(5, day));
        ScrubProgress begun = ScrubProgress.NONE.started(new Scrub.Place(0, 0, 9), 1_000);
        assertFalse(begun.isDue(1_000 + day - 1, day));
        assertTrue(begun.isDue(1_000 + day, day));
        assertTrue(begun.leftOne().isDue(1_000 + day / 24, day));
        ScrubProgress future = ScrubProgress.NONE.started(Scrub.Place.NONE, 100 * day);
        assertTrue(future.isDue(1_000, day), "the clock was set back");
    }

    @Test
    void progressSurvivesAndAnothersIsNotTaken() {
        var store = new UUID(1, 2);
        ScrubProgress progress =
                ScrubProgress.NONE
                        .started(new Scrub.Place(0, 0, 7), 10)
                        .finished(20)
                        .started(new Scrub.Place(0, 0, 9), 30)
                        .at(new Scrub.Place(5, 4288, 9))
                        .leftOne();
        String text = progress.encode(store);
        assertEquals(progress, ScrubProgress.decode(text, store));
        assertEquals(1, progress.passes());
        assertEquals(20, progress.finishedMillis());
        assertNull(ScrubProgress.decode(text, new UUID(1, 3)));
        assertNull(ScrubProgress.decode(text.replace("offset=4288", "offset=64"), store));
        assertNull(ScrubProgress.decode("", store));
    }
}
