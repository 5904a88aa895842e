package io.coppice.sim;

import java.util.List;

/// The one source of chance of a run: SplitMix64 (Steele, Lea, Flood 2014), the same on every JVM.
final class Chance {
    private long state;

    Chance(long seed) {
        state = seed;
    }

    long next() {
        state += 0x9E3779B97F4A7C15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /// 0 to `bound` - 1.
    int below(int bound) {
        return (int) Long.remainderUnsigned(next(), bound);
    }

    /// `from` to `to`, both included.
    long between(long from, long to) {
        return from + Long.remainderUnsigned(next(), to - from + 1);
    }

    boolean percent(double percent) {
        return (next() >>> 11) * 0x1.0p-53 * 100 < percent;
    }

    <T> T of(List<T> some) {
        return some.get(below(some.size()));
    }

    /// Another source that goes on independently.
    Chance fork() {
        return new Chance(next());
    }
}
