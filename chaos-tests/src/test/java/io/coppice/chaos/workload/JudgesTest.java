package io.coppice.chaos.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.chaos.client.Recorder;
import io.coppice.chaos.history.Event;
import io.coppice.chaos.history.Event.Type;
import io.coppice.chaos.history.History;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Judges that never condemn prove nothing: each one, on a history that is right and on one that is
/// not.
class JudgesTest {
    /// Long after a blackout, when no client remembers what was before it.
    private static final long LATER = 10_000_000_000L;

    private final List<Event> events = new ArrayList<>();
    private int processes;

    /// Of which everything is that follows.
    private int client = 1;

    private int process() {
        return client * 100 + processes++ * Recorder.PROCESS_STEP;
    }

    private void did(String f, String key, long value, long start, long end) {
        Event invoked = Event.invoke(start, process(), f, key, f.equals("read") ? 0 : value);
        events.add(invoked);
        events.add(invoked.ended(end, Type.OK, value, null));
    }

    private void unknown(String f, String key, long value, long start, long end) {
        Event invoked = Event.invoke(start, process(), f, key, value);
        events.add(invoked);
        events.add(invoked.ended(end, Type.INFO, value, "no answer"));
    }

    private void many(String f, String key, long start, long end, long... values) {
        Event invoked = Event.invoke(start, process(), f, key, 0);
        events.add(invoked);
        events.add(invoked.ended(end, values));
    }

    private Verdict judged(Workload workload, Long... blackouts) {
        return workload.judge(new History(events), List.of(blackouts));
    }

    @Test
    void aStaleReadIsShownByFewOperations() {
        var workload = new RegisterWorkload();
        for (int i = 1; i <= 100; i++) {
            did("write", "v/3", i, i * 10, i * 10 + 4);
            did("read", "v/3", i, i * 10 + 5, i * 10 + 6);
        }
        assertTrue(judged(workload).valid());
        did("read", "v/3", 40, 700, 703);
        Verdict verdict = judged(workload);
        assertFalse(verdict.valid());
        assertEquals(201, verdict.judged());
        int witnesses = verdict.findings().getFirst().witnesses().size();
        assertEquals(3, witnesses, "a write, one that came later, and the read");
    }

    @Test
    void aBlockOfSomethingElseIsFound() {
        did("write", "v/3", 1, 10, 20);
        did("read", "v/3", 2, 30, 40);
        assertFalse(judged(new RegisterWorkload()).valid());
    }

    @Test
    void aWriteOfWhoWasTakenOverFromIsFound() {
        var workload = new TakeoverWorkload();
        did("open", "prize0", 1, 0, 5);
        did("write", "prize0/1", 7, 10, 20);
        unknown("write", "prize0/1", 8, 25, 30);
        client = 2;
        did("open", "prize0", 2, 40, 50);
        unknown("write", "prize0/1", 9, 55, 58);
        did("read", "prize0/1", 7, 60, 61);
        did("read", "prize0/1", 9, 70, 71);
        assertTrue(judged(workload).valid(), "its own write may happen late");
        did("read", "prize0/1", 8, 80, 81);
        assertFalse(judged(workload).valid());
    }

    @Test
    void aWriteAfterATakeoverIsFound() {
        did("open", "prize0", 1, 0, 5);
        did("write", "prize0/1", 7, 10, 20);
        client = 2;
        did("open", "prize0", 2, 40, 50);
        did("read", "prize0/1", 7, 60, 61);
        client = 1;
        unknown("write", "prize0/1", 8, 70, 75);
        client = 2;
        assertTrue(judged(new TakeoverWorkload()).valid());
        did("read", "prize0/1", 8, 80, 81);
        assertFalse(judged(new TakeoverWorkload()).valid());
    }

    @Test
    void aWriteThatIsAcknowledgedAfterATakeoverIsFound() {
        var workload = new TakeoverWorkload();
        did("open", "prize0", 1, 0, 5);
        did("write", "prize0/1", 7, 10, 20);
        did("write", "prize0/1", 8, 25, 90);
        client = 2;
        did("open", "prize0", 2, 40, 50);
        did("read", "prize0/1", 8, 60, 61);
        assertTrue(judged(workload).valid(), "what is done may be told late");
        client = 1;
        did("write", "prize0/1", 9, 95, 99);
        Verdict verdict = judged(workload);
        assertFalse(verdict.valid());
        assertEquals(2, verdict.findings().getFirst().witnesses().size(), "and who had it then");
    }

    @Test
    void aWriteThatHappensAfterATakeoverIsFound() {
        var workload = new TakeoverWorkload();
        did("open", "prize0", 1, 0, 5);
        did("write", "prize0/1", 7, 10, 20);
        did("write", "prize0/1", 8, 25, 90);
        client = 2;
        did("open", "prize0", 2, 40, 50);
        did("read", "prize0/1", 7, 60, 61);
        assertTrue(judged(workload).valid(), "it may have happened while that was read");
        did("read", "prize0/1", 7, 62, 63);
        assertFalse(judged(workload).valid(), "acknowledged, but not there when it must have been");
    }

    @Test
    void whatWasFlushedMustOutliveABlackout() {
        var workload = new AppendWorkload();
        did("write", "log1-0/1", 7, 10, 20);
        many("flush", "log1-0", 21, 30, 7);
        did("write", "log1-0/2", 8, 31, 40);
        did("read", "log1-0/1", 7, LATER, LATER + 1);
        did("read", "log1-0/2", 0, LATER, LATER + 1);
        assertTrue(judged(workload, 100L).valid(), "what was not flushed may go");
        assertFalse(judged(workload).valid(), "but not without a blackout");
        events.clear();
        did("write", "log1-0/1", 7, 10, 20);
        many("flush", "log1-0", 21, 30, 7);
        did("read", "log1-0/1", 0, LATER, LATER + 1);
        assertFalse(judged(workload, 100L).valid());
    }

    @Test
    void whatWasWrittenThroughMustOutliveABlackout() {
        did("fua", "log1-0/1", 7, 10, 20);
        did("read", "log1-0/1", 0, LATER, LATER + 1);
        assertFalse(judged(new AppendWorkload(), 100L).valid());
    }

    @Test
    void aSumThatDoesNotHoldIsFound() {
        did("sum", "bank1", 24_000, 10, 20);
        assertTrue(judged(new BankWorkload()).valid());
        did("sum", "bank1", 23_999, 30, 40);
        assertFalse(judged(new BankWorkload()).valid());
    }

    @Test
    void aCloneThatIsNoMomentOfItsOriginIsFound() {
        var workload = new CloneWorkload();
        did("write", "origin1/0", 1, 10, 20);
        did("write", "origin1/1", 2, 30, 40);
        did("snapshot", "clone1-0-0", 0, 15, 50);
        did("read", "clone1-0-0/0", 1, 60, 61);
        did("read", "clone1-0-0/1", 2, 62, 63);
        did("write", "clone1-0-0/1", 9, 64, 65);
        did("read", "clone1-0-0/1", 9, 66, 67);
        did("read", "origin1/1", 2, 68, 69);
        assertTrue(judged(workload).valid());
        did("snapshot", "clone1-0-1", 0, 15, 50);
        did("read", "clone1-0-1/0", 0, 60, 61);
        did("read", "clone1-0-1/1", 2, 62, 63);
        Verdict verdict = judged(workload);
        assertFalse(verdict.valid(), "it has the second write, but not the first");
    }

    @Test
    void aWriteToACloneThatItsOriginShowsIsFound() {
        did("write", "origin1/0", 1, 10, 20);
        did("snapshot", "clone1-0-0", 0, 25, 30);
        did("write", "clone1-0-0/0", 9, 64, 65);
        did("read", "origin1/0", 9, 68, 69);
        assertFalse(judged(new CloneWorkload()).valid());
    }

    @Test
    void aVolumeThatComesBackIsFound() {
        var workload = new VolumesWorkload();
        did("create", "own1-0-", 2, 10, 20);
        did("list", "own1-0-", 4, 21, 22);
        did("rename", "own1-0-", 2 * 4 + 1, 23, 30);
        did("delete", "own1-0-", 1, 31, 40);
        unknown("create", "own1-0-", 3, 41, 50);
        did("list", "own1-0-", 0, 51, 52);
        assertTrue(judged(workload).valid());
        did("list", "own1-0-", 8, 61, 62);
        assertTrue(judged(workload).valid(), "what nobody was told may happen later");
        did("list", "own1-0-", 2, 71, 72);
        assertFalse(judged(workload).valid());
    }

    @Test
    void aCommandThatIsDoneTwiceIsFound() {
        did("create", "own1-0-", 2, 10, 20);
        did("create", "own1-0-", 2, 30, 40);
        assertFalse(judged(new VolumesWorkload()).valid());
    }

    @Test
    void aCounterThatForgetsIsFound() {
        var workload = new CounterWorkload();
        did("increment", "counter0", 1, 10, 20);
        unknown("increment", "counter0", 1, 12, 30);
        did("read", "counter0", 2, 40, 50);
        assertTrue(judged(workload).valid());
        did("read", "counter0", 1, 60, 70);
        assertFalse(judged(workload).valid());
    }
}
