package io.coppice.node.repair;

/// How much a scrub may read now: a bucket that fills with time, at a quarter of the rate while
/// there is foreground work. A step may overdraw it; then nothing is allowed until that is paid
/// back. Pure: time is an argument.
final class ScrubPace {
    /// Never less: on a cluster that is never idle a pass must end too.
    static final int FOREGROUND_DIVISOR = 4;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final long bytesPerSecond;
    private final long bytesMax;
    private long bytes;
    private long lastNanos;

    /// @param bytesPerSecond 0: never anything
    ScrubPace(long bytesPerSecond, long nowNanos) {
        this.bytesPerSecond = bytesPerSecond;
        this.bytesMax = bytesPerSecond / 10; // a lane that stalled does not make up for it
        this.lastNanos = nowNanos;
    }

    /// Bytes that may be read now; 0: wait.
    int allowance(long nowNanos, boolean foreground) {
        long passed = Math.min(NANOS_PER_SECOND, Math.max(0, nowNanos - lastNanos));
        lastNanos = nowNanos;
        long rate = foreground ? bytesPerSecond / FOREGROUND_DIVISOR : bytesPerSecond;
        bytes = Math.min(bytesMax, bytes + (long) ((double) rate * passed / NANOS_PER_SECOND));
        return (int) Math.min(Integer.MAX_VALUE, Math.max(0, bytes));
    }

    void spent(int read) {
        bytes -= read;
    }
}
