package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long MILLI = 1_000_000L;
    private static final long MAX = 100L << 20;
    private static final long MIN = 4L << 20;
    private long now = 5;
    private final Pace pace = new Pace(new Pace.Limits(MAX, MIN, 20), now);

    /// One look at the clients; `copying` as fast as the pace allows, with pieces of 1 MiB.
    private long look(long writeNanos, boolean copying) {
        long moved = 0;
        for (int i = 0; i < 100; i++) {
            now += MILLI;
            if (copying && pace.waitNanos(now) == 0) {
                pace.moved(now, 1 << 20);
                moved += 1 << 20;
            }
            if (writeNanos > 0) {
                pace.wrote(writeNanos);
            }
            pace.tick(now);
        }
        return moved;
    }

    @Test
    void withoutClientsItGoesAtTheMaximum() {
        long moved = 0;
        for (int i = 0; i < 20; i++) {
            moved += look(0, true);
        }
        assertTrue(Math.abs(moved - 2 * MAX) < MAX / 5, "moved " + moved);
    }

    @Test
    void slowerWritesSlowItDownToTheMinimumAndNoFurther() {
        for (int i = 0; i < 20; i++) {
            look(MILLI, false);
        }
        for (int i = 0; i < 30; i++) {
            look(2 * MILLI, true);
        }
        assertEquals(MIN, pace.bytesPerSecond());
        long moved = 0;
        for (int i = 0; i < 20; i++) {
            moved += look(2 * MILLI, true);
        }
        assertTrue(Math.abs(moved - 2 * MIN) <= 2 << 20, "moved " + moved);
        for (int i = 0; i < 80; i++) {
            look(MILLI, true);
        }
        assertEquals(MAX, pace.bytesPerSecond(), "writes are as fast as ever");
    }

    /// A disk that takes nothing for half a second answers nobody: that is no sign that nobody
    /// waits.
    @Test
    void writesThatAllWaitAreNotTakenForNone() {
        for (int i = 0; i < 20; i++) {
            look(MILLI, false);
        }
        for (int i = 0; i < 30; i++) {
            look(2 * MILLI, true);
        }
        for (int i = 0; i < 10; i++) {
            for (int stalled = 0; stalled < 5; stalled++) {
                look(0, true);
            }
            assertEquals(MIN, pace.bytesPerSecond());
            look(500 * MILLI, true);
        }
        for (int i = 0; i < 20; i++) {
            look(0, true);
        }
        assertEquals(MAX, pace.bytesPerSecond(), "the clients are gone");
    }

    /// Whatever the rate: the slowest of a hundred writes take one to four times as long.
    @Test
    void writesThatDifferByChanceDoNotSlowItDown() {
        var random = new Random(7);
        for (int i = 0; i < 50; i++) {
            look((long) (MILLI * Math.exp(random.nextDouble() * 1.4)), false);
        }
        long slowest = MAX;
        long sum = 0;
        for (int i = 0; i < 500; i++) {
            look((long) (MILLI * Math.exp(random.nextDouble() * 1.4)), true);
            sum += pace.bytesPerSecond();
            slowest = Math.min(slowest, pace.bytesPerSecond());
        }
        assertTrue(sum / 500 > MAX / 2, "at " + sum / 500 + ", at least " + slowest);
    }

    @Test
    void debtIsWaitedFor() {
        pace.moved(now, MAX);
        long wait = pace.waitNanos(now);
        assertTrue(wait > 900 * MILLI && wait <= 1_000 * MILLI, "waits " + wait);
        assertEquals(0, pace.waitNanos(now + wait + MILLI));
    }
}
