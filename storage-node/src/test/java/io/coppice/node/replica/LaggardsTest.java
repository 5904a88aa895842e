package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LaggardsTest {
    private static final int SELF = 1;
    private static final int BOUND = 10;

    private final Laggards laggards = new Laggards(SELF, BOUND);
    private final MemberLink second = serving(2);
    private final MemberLink third = serving(3);
    private List<MemberLink> links = List.of(second, third);
    private long appended = 100;
    private long synced;
    private boolean othersAreEnough = true;

    private static MemberLink serving(int store) {
        var link = new MemberLink(store);
        link.serving = true;
        return link;
    }

    private int tick() {
        return laggards.tick(links, appended, synced, othersAreEnough);
    }

    private void nobodyIn(int ticks) {
        for (int i = 0; i < ticks; i++) {
            assertEquals(Laggards.NOBODY, tick(), "tick " + i);
        }
    }

    private void reach(MemberLink link, long sequence) {
        link.acked = sequence;
        link.synced = sequence;
    }

    @Test
    void aMemberThatStandsStillWhileTheOthersGoOnIsNamedAgainAndAgain() {
        reach(third, appended);
        nobodyIn(BOUND - 1);
        assertEquals(2, tick());
        nobodyIn(BOUND - 1);
        assertEquals(2, tick());
    }

    @Test
    void everyStepForwardStartsAnew() {
        reach(third, appended);
        for (int step = 1; step < 99; step++) {
            second.acked = step;
            nobodyIn(BOUND);
        }
        second.acked = appended;
        nobodyIn(3 * BOUND);
    }

    @Test
    void nobodyIsTakenOutWhomTheGroupNeeds() {
        othersAreEnough = false;
        reach(third, appended);
        nobodyIn(10 * BOUND);
    }

    @Test
    void whenAllStandStillThePrimarySuspectsItselfButLater() {
        nobodyIn(3 * BOUND - 1);
        assertEquals(SELF, tick());
    }

    @Test
    void theOnlyOtherOneIsNamedIfThePrimaryMayGoOnAlone() {
        links = List.of(second);
        nobodyIn(BOUND - 1);
        assertEquals(2, tick());
    }

    @Test
    void aReadyMemberIsWaitedForUntilWhatItHasIsDurable() {
        othersAreEnough = false;
        reach(third, appended);
        second.serving = false;
        second.joined = true;
        second.acked = appended;
        nobodyIn(2 * BOUND);
        second.holds = true;
        nobodyIn(BOUND - 1);
        assertEquals(2, tick(), "it may be taken out: it does not serve as far as we know");
    }

    @Test
    void syncsMayTakeFiveTimesAsLong() {
        reach(third, appended);
        second.acked = appended;
        synced = appended;
        nobodyIn(1); // the step that brought it here
        for (int i = 2; i < 5 * BOUND; i++) {
            second.acked = ++appended; // it goes on appending
            third.acked = appended;
            nobodyIn(1);
        }
        assertEquals(2, tick());
        synced = 0;
        nobodyIn(10 * BOUND);
    }

    @Test
    void aPrimaryThatCannotReconcileGivesUpNowAndThen() {
        for (int round = 0; round < 3; round++) {
            for (int i = 1; i < 3 * BOUND; i++) {
                assertFalse(laggards.givesUpReconciling());
            }
            assertTrue(laggards.givesUpReconciling());
        }
    }

    @Test
    void withoutABoundEverybodyIsWaitedFor() {
        var patient = new Laggards(SELF, 0);
        for (int i = 0; i < 1_000; i++) {
            assertEquals(Laggards.NOBODY, patient.tick(links, appended, synced, true));
            assertFalse(patient.givesUpReconciling());
        }
    }
}
