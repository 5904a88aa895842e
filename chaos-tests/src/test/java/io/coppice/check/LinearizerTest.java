package io.coppice.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.coppice.check.Linearizer.Timed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The search, on histories whose answer is known, and beside the judgement by zones.
class LinearizerTest {
    private record Op(boolean read, long value) {}

    private static final class Cell implements Linearizer.Model<Long, Op> {
        @Override
        public Long first() {
            return 0L;
        }

        @Override
        public @Nullable Long apply(Long state, Op op) {
            if (op.read()) {
                return state == op.value() ? state : null;
            }
            return op.value();
        }
    }

    private final List<Timed<Op>> history = new ArrayList<>();

    private void write(long value, long start, long end) {
        history.add(new Timed<>(new Op(false, value), start, end));
    }

    private void read(long value, long start, long end) {
        history.add(new Timed<>(new Op(true, value), start, end));
    }

    private @Nullable Timed<Op> misfit() {
        return new Linearizer<>(new Cell()).misfit(history);
    }

    /// Of the misfit.
    private long start() {
        return Objects.requireNonNull(misfit()).start();
    }

    @Test
    void overlappingWritesMayBeReadInEitherOrder() {
        write(1, 0, 10);
        write(2, 0, 10);
        read(1, 11, 12);
        assertNull(misfit());
        read(2, 13, 14);
        assertEquals(13, start());
    }

    @Test
    void anUnknownWriteMayHappenLateOrNever() {
        write(1, 0, 5);
        write(2, 1, Long.MAX_VALUE);
        read(1, 10, 11);
        read(2, 100, 101);
        assertNull(misfit());
        read(1, 110, 111);
        assertNotNull(misfit());
    }

    @Test
    void aStaleReadIsFound() {
        write(1, 0, 1);
        write(2, 2, 3);
        read(1, 4, 5);
        assertNotNull(misfit());
    }

    @Test
    void whatWasReadBeforeItWasWrittenIsFound() {
        read(1, 0, 1);
        write(1, 2, 3);
        assertEquals(0, start());
    }

    /// Random histories of a register, some of them with one answer changed: both judges must
    /// agree.
    @Test
    void theSearchAndTheZonesAgree() {
        int wrong = 0;
        for (int seed = 0; seed < 400; seed++) {
            var random = new SplittableRandom(seed);
            history.clear();
            var register = new Register("r", false);
            simulate(random, register);
            boolean zones = true;
            try {
                register.judge();
            } catch (Violation violation) {
                zones = false;
            }
            assertEquals(zones, misfit() == null, "seed " + seed);
            wrong += zones ? 0 : 1;
        }
        assertEquals(true, wrong > 50 && wrong < 350, wrong + " of 400 are wrong");
    }

    /// Some processes for a while, after a first write. A read gives what the register held at a
    /// moment within it, or now and then what it held before. Starts are even, ends are odd.
    private void simulate(SplittableRandom random, Register register) {
        long[] values = new long[400];
        Arrays.fill(values, 1);
        var writes = new ArrayList<long[]>();
        write(1, 0, 1);
        register.write(1, 0).end = 1;
        long now = 5;
        for (long value = 2; value <= 30; value++) {
            long start = now + random.nextInt(5);
            long moment = Math.max(now, start) + 1 + random.nextInt(4);
            long end = moment + 1 + random.nextInt(10);
            for (int at = (int) moment; at < values.length; at++) {
                values[at] = value;
            }
            writes.add(new long[] {value, start, end});
            now = moment;
        }
        for (long[] each : writes) {
            boolean unknown = random.nextInt(10) == 0;
            long end = unknown ? Long.MAX_VALUE : 2 * each[2] + 1;
            write(each[0], 2 * each[1], end);
            Register.Write write = register.write(each[0], 2 * each[1]);
            write.end = unknown ? Register.UNKNOWN : end;
        }
        for (int i = 0; i < 40; i++) {
            int moment = 3 + random.nextInt((int) now + 10);
            long start = 2L * (moment - random.nextInt(Math.min(moment, 6) - 1));
            long end = 2L * (moment + random.nextInt(6)) + 1;
            int seen = random.nextInt(60) == 0 ? Math.max(0, moment - 20) : moment;
            read(values[seen], start, end);
            register.read(values[seen], start, end);
        }
    }
}
