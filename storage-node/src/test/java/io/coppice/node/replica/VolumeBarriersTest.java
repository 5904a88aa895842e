package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

/// What a lane refuses of which volume. Tokens grow over all volumes: those of volume 7 are 3 and
/// 5, that of volume 8 is 4.
class VolumeBarriersTest {
    private final VolumeBarriers barriers = new VolumeBarriers();

    private Outcome write(long volume, long generation, long fence) {
        return barriers.check(new Origin(volume, generation, fence, 11, 1, false));
    }

    @Test
    void aClientOfADeletedVolumeIsRefusedByANodeThatNeverHeardOfTheDeletion() {
        barriers.raise(7, 0, 5);
        barriers.listed(Set.of(7L)::contains, 5);
        assertEquals(Outcome.FENCED, write(8, 1, 4));
        assertTrue(barriers.isFenced(8, 4));
        assertEquals(Outcome.OK, write(7, 1, 5));
        assertFalse(barriers.isFenced(7, 5));
        assertEquals(Outcome.FENCED, write(7, 1, 3));
        assertFalse(barriers.isFenced(8, 0), "a reader of a snapshot has no token");
    }

    @Test
    void aVolumeThatIsAttachedLaterIsServed() {
        barriers.listed(volume -> false, 5);
        assertEquals(Outcome.OK, write(9, 1, 6));
        barriers.raise(9, 1, 0);
        assertEquals(Outcome.SEALED, write(9, 1, 6));
        assertEquals(Outcome.OK, write(9, 2, 6));
        assertEquals(Outcome.FENCED, write(8, 2, 4));
    }

    @Test
    void aNodeKeepsNothingOfVolumesThatAreGone() {
        for (long volume = 1; volume <= 1_000; volume++) {
            barriers.raise(volume, 1, volume);
        }
        barriers.raise(2_000, 0, 1_002);
        barriers.listed(Set.of(10L)::contains, 1_000);
        assertEquals(2, barriers.size(), "the one that is listed, and the one that is newer");
        assertEquals(Outcome.FENCED, write(500, 9, 500));
        assertEquals(Outcome.SEALED, write(10, 1, 10));
        assertEquals(Outcome.FENCED, write(2_000, 1, 1_001));
    }

    @Test
    void beforeAnyTokenWasGivenNothingIsRefused() {
        barriers.listed(volume -> false, 0);
        assertEquals(Outcome.OK, write(1, 1, 1));
    }
}
