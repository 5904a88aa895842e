package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NewestConnectionsTest {
    private final NewestConnections newest = new NewestConnections();

    @Test
    void whatComesOverAnOlderConnectionIsSuperseded() {
        assertFalse(newest.isSuperseded(7, 3));
        assertFalse(newest.isSuperseded(7, 3));
        assertFalse(newest.isSuperseded(7, 5));
        assertTrue(newest.isSuperseded(7, 3));
        assertFalse(newest.isSuperseded(7, 5));
        assertFalse(newest.isSuperseded(8, 4), "another client's");
    }

    @Test
    void whoWritesIsRememberedAmongManyOthers() {
        assertFalse(newest.isSuperseded(1, 5));
        for (int session = 2; session < 20 * NewestConnections.SESSIONS_MAX; session++) {
            newest.isSuperseded(session, 6);
            if (session % 1_000 == 0) {
                assertFalse(newest.isSuperseded(1, 5));
            }
        }
        assertTrue(newest.isSuperseded(1, 4));
    }
}
