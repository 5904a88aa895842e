package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ProbationTest {
    private static final int MIN = 5;

    private final Probation probation = new Probation(MIN);

    private int ticksAfterBeingTakenOut() {
        probation.takenOut();
        int ticks = 0;
        while (!probation.isOver()) {
            probation.keptUp();
            ticks++;
        }
        return ticks;
    }

    private void serve(int ticks) {
        for (int i = 0; i < ticks; i++) {
            probation.served();
        }
    }

    @Test
    void aProcessStartsWithoutOne() {
        assertTrue(probation.isOver());
    }

    @Test
    void itDoublesUpToABound() {
        int length = MIN;
        for (int i = 0; i < 7; i++) {
            assertEquals(length, ticksAfterBeingTakenOut());
            length *= 2;
        }
        for (int i = 0; i < 100; i++) {
            assertEquals(64 * MIN, ticksAfterBeingTakenOut());
        }
    }

    @Test
    void goodServiceHalvesIt() {
        assertEquals(MIN, ticksAfterBeingTakenOut());
        assertEquals(2 * MIN, ticksAfterBeingTakenOut());
        serve(10 * 2 * MIN - 1);
        assertEquals(4 * MIN, ticksAfterBeingTakenOut());
        serve(10 * 4 * MIN + 10 * 2 * MIN + 10 * MIN);
        assertEquals(MIN, ticksAfterBeingTakenOut());
        serve(1_000_000);
        assertEquals(MIN, ticksAfterBeingTakenOut());
    }
}
