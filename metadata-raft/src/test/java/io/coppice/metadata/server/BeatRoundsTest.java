package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class BeatRoundsTest {
    private static final long START = Math.subtractExact(Long.MAX_VALUE, 50);

    private final BeatRounds<String, Integer> rounds = new BeatRounds<>(100);

    @Test
    void anEntryAnswersWhatCameBeforeItAndNothingElse() {
        rounds.add("a", 1);
        assertEquals(List.of(1), rounds.begin(START));
        rounds.add("b", 2);
        assertEquals(List.of(), rounds.begin(START + 500), "one is under way");
        rounds.add("c", 3);
        rounds.end();
        assertEquals(List.of(2, 3), rounds.begin(START + 500));
    }

    @Test
    void entriesKeepTheirDistanceHoweverManyBeat() {
        rounds.add("a", 1);
        assertEquals(List.of(1), rounds.begin(START));
        rounds.end();
        rounds.add("b", 2);
        assertEquals(List.of(), rounds.begin(START + 99));
        assertEquals(List.of(2), rounds.begin(START + 100));
        rounds.end();
        assertEquals(List.of(), rounds.begin(START + 900), "nobody waits");
    }

    @Test
    void ofOneSenderOnlyTheNewestBeatWaits() {
        rounds.add("a", 1);
        rounds.add("b", 2);
        rounds.add("a", 3);
        assertEquals(List.of(3, 2), rounds.begin(START));
    }
}
