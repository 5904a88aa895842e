package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class BirthsTest {
    @Test
    void aChunkIsOfTheGenerationThatMadeIt() {
        var births = new Births();
        assertFalse(births.isOf(5, 1, 1), "nobody knows");
        births.made(5, 1, 2);
        assertTrue(births.isOf(5, 1, 2));
        assertFalse(births.isOf(5, 1, 3));
        assertFalse(births.isOf(5, 2, 2));
    }

    @Test
    void theNewestAreRemembered() {
        var births = new Births();
        for (long chunk = 1; chunk <= 10L * Births.CHUNKS_MAX; chunk++) {
            births.made(chunk, 1, 1);
            long newest = Math.max(1, chunk - Births.CHUNKS_MAX + 1);
            assertTrue(births.isOf(newest, 1, 1));
        }
        assertFalse(births.isOf(1, 1, 1), "and no more than twice as many");
    }
}
