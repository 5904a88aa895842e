package io.coppice.chaos.cluster;

import io.coppice.planted.Graft;
import io.coppice.planted.Planted;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/// The servers' clocks: how fast the monotonic one runs, and what the other one says. Servers see
/// them when [#graft] took the place of their own. Of Coppice's own code only: Ratis asks the
/// system. Thread-safe.
public final class Clocks {
    private static final String FILE = "coppice.chaos.clock";
    private static final int BYTES = 40;
    private static final int TURN_AT = 0;
    private static final int BASE_AT = 8;
    private static final int OFFSET_AT = 16;
    private static final int RATE_AT = 24;
    private static final int WALL_AT = 32;

    /// Reads as `nanos = offset + (system - base) * rate`, between two looks at `turn` that see the
    /// same even number.
    private static final Planted CHANGE =
            new Planted(
                    "a clock that can be bent",
                    "",
                    "protocol/src/main/java/io/coppice/port/Time.java",
                    "    static Time system() {\n        return new Time() {",
                    """
                    final class Bent {
                        private static final java.nio.MappedByteBuffer FILE = map();

                        private static java.nio.MappedByteBuffer map() {
                            try (var file = java.nio.channels.FileChannel.open(
                                    java.nio.file.Path.of(System.getProperty("coppice.chaos.clock")))) {
                                return file.map(
                                        java.nio.channels.FileChannel.MapMode.READ_ONLY, 0, 40);
                            } catch (java.io.IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        }

                        static long nanos() {
                            while (true) {
                                long turn = FILE.getLong(0);
                                long base = FILE.getLong(8);
                                long offset = FILE.getLong(16);
                                double rate = FILE.getDouble(24);
                                java.lang.invoke.VarHandle.fullFence();
                                if (turn % 2 == 0 && turn == FILE.getLong(0)) {
                                    return offset + (long) ((System.nanoTime() - base) * rate);
                                }
                            }
                        }
                    }

                    static Time system() {
                        if (System.getProperty("coppice.chaos.clock") != null) {
                            return new Time() {
                                @Override
                                public long nanos() {
                                    return Bent.nanos();
                                }

                                @Override
                                public long wallMillis() {
                                    return System.currentTimeMillis() + Bent.FILE.getLong(32);
                                }
                            };
                        }
                        return new Time() {\
                    """,
                    0);

    private final Path folder;
    private final Map<String, MappedByteBuffer> clocks = new HashMap<>();

    public Clocks(Path folder) {
        this.folder = folder;
    }

    /// Puts what reads the clocks among changed classes.
    public static void graft(Path root, Path changed) throws IOException {
        Graft.compile(CHANGE, root, changed);
    }

    /// An option for the JVM of a server, which gets a good clock.
    synchronized String option(String server) throws IOException {
        Path path = folder.resolve(server + ".clock");
        try (var file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            clocks.put(server, file.map(FileChannel.MapMode.READ_WRITE, 0, BYTES));
        }
        drift(server, 1);
        return "-D" + FILE + "=" + path;
    }

    /// From now on the server's monotonic clock runs at this rate.
    public synchronized void drift(String server, double rate) {
        MappedByteBuffer clock = clock(server);
        long now = System.nanoTime();
        long past = now - clock.getLong(BASE_AT);
        double before = clock.getDouble(RATE_AT);
        long offset = before == 0 ? now : clock.getLong(OFFSET_AT) + (long) (past * before);
        long turn = clock.getLong(TURN_AT);
        clock.putLong(TURN_AT, turn + 1);
        java.lang.invoke.VarHandle.fullFence();
        clock.putLong(BASE_AT, now);
        clock.putLong(OFFSET_AT, offset);
        clock.putDouble(RATE_AT, rate);
        java.lang.invoke.VarHandle.fullFence();
        clock.putLong(TURN_AT, turn + 2);
    }

    /// The server's clock on the wall jumps to so much beside the right time.
    public synchronized void jump(String server, long millis) {
        clock(server).putLong(WALL_AT, millis);
    }

    private MappedByteBuffer clock(String server) {
        MappedByteBuffer clock = clocks.get(server);
        if (clock == null) {
            throw new IllegalStateException("the clock of " + server + " cannot be bent");
        }
        return clock;
    }
}
