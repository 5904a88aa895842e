package io.coppice.client;

/// Counts durations in buckets whose width grows with them: at most 3 % off, from 1 ns to hours, in
/// 16 KiB. One thread at a time.
public final class LatencyHistogram {
    private static final int SUB_BITS = 5;
    private static final int SUB_BUCKETS = 1 << SUB_BITS;

    private final long[] counts = new long[(Long.SIZE - SUB_BITS) << SUB_BITS];
    private long count;
    private long max;

    public void record(long nanos) {
        long value = Math.max(0, nanos);
        counts[bucket(value)]++;
        count++;
        max = Math.max(max, value);
    }

    public long count() {
        return count;
    }

    public long maxNanos() {
        return max;
    }

    /// The duration that `fraction` (0 to 1) of all do not exceed; 0 without any.
    public long nanosAt(double fraction) {
        long wanted = Math.max(1, (long) Math.ceil(fraction * count));
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= wanted && count > 0) {
                return Math.min(max, upperEnd(i));
            }
        }
        return 0;
    }

    public void add(LatencyHistogram other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
        count += other.count;
        max = Math.max(max, other.max);
    }

    /// Below 32 each value has its own bucket; above, each power of two has 32.
    private static int bucket(long value) {
        if (value < SUB_BUCKETS) {
            return (int) value;
        }
        int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(value) - SUB_BITS;
        return ((exponent + 1) << SUB_BITS) + (int) (value >>> exponent) - SUB_BUCKETS;
    }

    private static long upperEnd(int bucket) {
        if (bucket < SUB_BUCKETS) {
            return bucket;
        }
        int exponent = (bucket >> SUB_BITS) - 1;
        long sub = (bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS;
        return ((sub + 1) << exponent) - 1;
    }
}
