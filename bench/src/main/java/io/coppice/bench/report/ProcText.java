package io.coppice.bench.report;

/// What Linux says in `/proc`, read from its text.
final class ProcText {
    private static final int USER_TICKS_FIELD = 11;
    private static final int FIRST_BUSY_FIELD = 1;
    private static final int LAST_BUSY_FIELD = 8;
    private static final int IDLE_FIELD = 4;
    private static final int IOWAIT_FIELD = 5;
    private static final long KIB = 1024;

    private ProcText() {}

    /// Clock ticks that a process and all its threads used, from `/proc/PID/stat`. The name of the
    /// program may hold blanks and parentheses, so fields are counted from the last parenthesis.
    static long cpuTicks(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split("\\s+");
        return Long.parseLong(fields[USER_TICKS_FIELD])
                + Long.parseLong(fields[USER_TICKS_FIELD + 1]);
    }

    /// Clock ticks that all processors were busy, from the first line of `/proc/stat`.
    static long busyTicks(String stat) {
        String[] fields = stat.lines().findFirst().orElse("").split("\\s+");
        long busy = 0;
        for (int i = FIRST_BUSY_FIELD; i <= LAST_BUSY_FIELD; i++) {
            busy += i == IDLE_FIELD || i == IOWAIT_FIELD ? 0 : Long.parseLong(fields[i]);
        }
        return busy;
    }

    /// Bytes for which a process made pages dirty or wrote past the cache, from `/proc/PID/io`.
    static long writtenBytes(String io) {
        return field(io, "write_bytes:");
    }

    /// Memory of a process that is in RAM, from `/proc/PID/status`.
    static long residentBytes(String status) {
        return field(status, "VmRSS:") * KIB;
    }

    /// The number after `name` at the start of a line; 0 without one.
    static long field(String text, String name) {
        return text.lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip().split("\\s+")[0])
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }
}
