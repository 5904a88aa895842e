package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.wire.pb.Introduction;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What may change in the quorum, and what a server with an empty directory does.
class QuorumRulesTest {
    private static final Set<String> THREE = Set.of("m1", "m2", "m3");

    private static Introduction fresh(String id) {
        return Introduction.newBuilder().setId(id).build();
    }

    private static Introduction holder(String id, String leader) {
        return Introduction.newBuilder().setId(id).setHoldsLog(true).setLeader(leader).build();
    }

    // ------------------------------------------------------------ changes

    @Test
    void aServerThatIsDownMayGoAndOneThatIsNeededMayNot() {
        assertTrue(QuorumRules.againstRemoval(THREE, THREE, "m3").isEmpty());
        assertTrue(QuorumRules.againstRemoval(THREE, Set.of("m1", "m2"), "m3").isEmpty());
        assertEquals(
                "without m2 only 1 of 2 metadata servers would answer, which is no majority; start"
                        + " or remove those that are down first",
                QuorumRules.againstRemoval(THREE, Set.of("m1", "m2"), "m2").orElse(""));
        assertTrue(QuorumRules.againstRemoval(Set.of("m1"), Set.of("m1"), "m1").isPresent());
    }

    @Test
    void aNewServerMustLeaveAMajority() {
        assertTrue(QuorumRules.againstAddition(THREE, Set.of("m1", "m2"), "m4").isEmpty());
        var five = Set.of("m1", "m2", "m3", "m4", "m5");
        assertTrue(QuorumRules.againstAddition(five, Set.of("m1", "m2", "m3"), "m6").isEmpty());
        var four = Set.of("m1", "m2", "m3", "m4");
        assertTrue(QuorumRules.againstAddition(four, Set.of("m1"), "m5").isPresent());
    }

    // ------------------------------------------------------------ arrivals

    @Test
    void serversThatAllHaveNothingMakeAQuorumTogether() {
        assertInstanceOf(Arrival.Found.class, Arrival.decide(3, false, List.of(fresh("m2"))));
        assertInstanceOf(
                Arrival.Found.class, Arrival.decide(3, false, List.of(fresh("m2"), fresh("m3"))));
        assertInstanceOf(Arrival.Wait.class, Arrival.decide(3, false, List.of()));
        assertInstanceOf(Arrival.Wait.class, Arrival.decide(5, false, List.of(fresh("m2"))));
        assertInstanceOf(
                Arrival.Found.class, Arrival.decide(5, false, List.of(fresh("m2"), fresh("m3"))));
    }

    /// It had itself removed, so somewhere there is a log.
    @Test
    void aServerOnItsWayBackMakesNoQuorum() {
        assertInstanceOf(
                Arrival.Wait.class, Arrival.decide(3, true, List.of(fresh("m2"), fresh("m3"))));
        assertEquals(new Arrival.Ask("h:1"), Arrival.decide(3, true, List.of(holder("m3", "h:1"))));
    }

    @Test
    void whereThereIsALogItsLeaderDecides() {
        assertEquals(
                new Arrival.Ask("h:1"),
                Arrival.decide(3, false, List.of(fresh("m2"), holder("m3", "h:1"))));
        assertInstanceOf(
                Arrival.Wait.class,
                Arrival.decide(3, false, List.of(fresh("m2"), holder("m3", ""))));
        assertInstanceOf(
                Arrival.Wait.class,
                Arrival.decide(5, false, List.of(fresh("m2"), fresh("m4"), holder("m3", ""))));
    }
}
