package io.coppice.bench.report;

/// What Linux says in `/proc`, read from its text.
final class ProcText {
    private static final int USER_TICKS_FIELD = 11;
    private static final int FIRST_BUSY_FIELD = 1;
    private static final int LAST_BUSY_FIELD = 8;
    private static final int IDLE_FIELD = 4;
    private static final int IOWAIT_FIELD = 5;
    private static final int DEVICE_FIELD = 2;
    private static final int MOUNT_FIELD = 4;
    private static final int SECTORS_WRITTEN_FIELD = 6;
    private static final long SECTOR_BYTES = 512;
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

    /// Bytes of the pages that a process made dirty, and of what it wrote past the cache, from
    /// `/proc/PID/io`. A file system with large folios counts a whole folio for one dirty byte.
    static long writtenBytes(String io) {
        return field(io, "write_bytes:");
    }

    /// Memory of a process that is in RAM, from `/proc/PID/status`.
    static long residentBytes(String status) {
        return field(status, "VmRSS:") * KIB;
    }

    /// `MAJOR:MINOR` of the device below `path`, from `/proc/self/mountinfo`; empty when none fits.
    static String device(String mountinfo, String path) {
        String device = "";
        String longest = "";
        for (String line : mountinfo.lines().toList()) {
            String[] fields = line.split(" ");
            String mount = fields[MOUNT_FIELD];
            String folder = mount.endsWith("/") ? mount : mount + "/";
            if ((path + "/").startsWith(folder) && folder.length() >= longest.length()) {
                longest = folder;
                device = fields[DEVICE_FIELD];
            }
        }
        return device;
    }

    /// Bytes that reached a device, from `/sys/dev/block/MAJOR:MINOR/stat`.
    static long deviceWrittenBytes(String stat) {
        return Long.parseLong(stat.strip().split("\\s+")[SECTORS_WRITTEN_FIELD]) * SECTOR_BYTES;
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
