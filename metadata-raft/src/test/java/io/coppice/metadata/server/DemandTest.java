package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.port.Time;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DemandTest {
    private static final int UNANSWERED = 20;
    private static final int BYTES = 100;

    private final FakeCall<String> call = new FakeCall<>();
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private long nanos = 1;
    private final Demand demand = new Demand(call, UNANSWERED, new Clock(), tasks::add);

    private final class Clock implements Time {
        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public long wallMillis() {
            return nanos / 1_000_000;
        }
    }

    /// All that may come, comes. The answer is how many they were.
    private int arrive(int bytes) {
        int arrived = 0;
        while (arrived < call.requested - came) {
            arrived++;
            demand.arrived(bytes);
        }
        came += arrived;
        return arrived;
    }

    private int came;

    @Test
    void soManyMessagesMayBeUnanswered() {
        assertTrue(call.requested < UNANSWERED, "few are called for before one came");
        assertEquals(UNANSWERED, arrive(BYTES));
        demand.answered(BYTES);
        demand.answered(BYTES);
        assertEquals(2, arrive(BYTES));
    }

    @Test
    void largeMessagesAreFewer() {
        int ahead = call.requested;
        assertEquals(ahead, arrive(16 << 20));
        for (int i = 0; i < ahead; i++) {
            assertEquals(0, arrive(BYTES));
            demand.answered(16 << 20);
        }
        assertTrue(arrive(BYTES) > 0);
    }

    @Test
    void whoTakesNoAnswersAsksNothingMore() {
        int ahead = call.requested;
        call.isTaking = false;
        for (int i = 0; i < ahead; i++) {
            demand.arrived(BYTES);
            demand.answered(BYTES);
        }
        assertEquals(ahead, call.requested);
        call.take();
        assertEquals(2 * ahead, call.requested);
    }

    @Test
    void largeAnswersAreMadeWhenThoseBeforeThemHaveLeft() {
        List<Integer> made = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            demand.inTurn(() -> {
                made.add(number);
                call.isTaking = number == 0;
            });
        }
        assertEquals(1, tasks.size(), "one at a time");
        runAll();
        assertEquals(List.of(0, 1), made);
        call.take();
        runAll();
        assertEquals(List.of(0, 1, 2), made);
    }

    private void runAll() {
        while (!tasks.isEmpty()) {
            Objects.requireNonNull(tasks.poll()).run();
        }
    }

    @Test
    void itKnowsForHowLongNothingWasTaken() {
        assertEquals(0, demand.unreadNanos());
        call.isTaking = false;
        assertEquals(0, demand.unreadNanos());
        nanos += 5;
        assertEquals(5, demand.unreadNanos());
        call.take();
        call.isTaking = false;
        nanos += 5;
        assertEquals(0, demand.unreadNanos(), "it has taken something in between");
    }
}
