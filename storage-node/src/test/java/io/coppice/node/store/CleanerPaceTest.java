package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class CleanerPaceTest {
    private static final int MIB = 1 << 20;

    private final CleanerPace pace = new CleanerPace();

    @Test
    void movesWhatGainsAsMuchAsClientsTook() {
        pace.clientsAppended(MIB);
        // of each byte moved out of segments that are 4/5 alive a quarter is gained
        assertEquals(4.0 * MIB, pace.due(0.8, 0), 1);
        pace.cleanerAppended(MIB + 3 * MIB);
        assertEquals(1.0 * MIB, pace.due(0.8, 0), 1);
    }

    @Test
    void movesMoreUnderPressure() {
        pace.clientsAppended(MIB);
        assertEquals(4.0 * MIB, pace.due(0.5, 1), 1);
    }

    @Test
    void whatTheCleanerAppendsIsNotOwedAgain() {
        pace.cleanerAppended(5 * MIB);
        assertEquals(0, pace.due(0.5, 0));
    }

    @Test
    void nothingIsOwedFromTimesOfRoom() {
        pace.clientsAppended(100 * MIB);
        pace.forgive();
        assertEquals(0, pace.due(0.5, 0));
    }

    @Test
    void theDebtIsBounded() {
        pace.clientsAppended(1L << 40);
        int due = pace.due(1, 1);
        assertTrue(due > 0 && due <= 64 * MIB, "due: " + due);
    }
}
