package io.coppice.cli;

import java.io.PrintWriter;
import java.time.Duration;

/// A progress bar on stderr when a person watches, else nothing. Not thread-safe.
final class Progress implements AutoCloseable {
    enum Unit {
        BYTES,
        GROUPS
    }

    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintWriter err;
    private final boolean shown;
    private final Unit unit;
    private final long startNanos = System.nanoTime();
    private long drawnNanos = startNanos - REDRAW_NANOS;
    private boolean drawn;

    Progress(Output output, Unit unit) {
        this.err = output.err();
        this.unit = unit;
        this.shown = !output.isQuiet() && output.isTable() && isTerminal();
    }

    private static boolean isTerminal() {
        var console = System.console();
        return console != null && console.isTerminal();
    }

    /// So much is done of so much; `total` 0: nobody knows.
    void reach(long done, long total) {
        long now = System.nanoTime();
        if (shown && now - drawnNanos >= REDRAW_NANOS) {
            drawnNanos = now;
            err.print("\r" + line(done, total, Duration.ofNanos(now - startNanos)) + "\u001b[K");
            err.flush();
            drawn = true;
        }
    }

    private String line(long done, long total, Duration elapsed) {
        double seconds = Math.max(0.001, elapsed.toNanos() / 1e9);
        double perSecond = done / seconds;
        String count =
                unit == Unit.BYTES
                        ? Sizes.show(done) + "  " + Sizes.show((long) perSecond) + "/s"
                        : done + " of " + total + " groups";
        String left =
                total == 0 || done == 0
                        ? ""
                        : "  "
                                + Durations.show(
                                        Duration.ofSeconds(
                                                (long) (Math.max(0, total - done) / perSecond)))
                                + " left";
        return bar(done, total) + "  " + count + left;
    }

    static String bar(long done, long total) {
        if (total == 0) {
            return "";
        }
        double ratio = Math.min(1.0, (double) done / total);
        int full = (int) (ratio * WIDTH);
        return "["
                + "=".repeat(full)
                + " ".repeat(WIDTH - full)
                + "] "
                + (int) (ratio * 100)
                + " %";
    }

    /// Wipes the bar.
    @Override
    public void close() {
        if (drawn) {
            err.print("\r\u001b[K");
            err.flush();
        }
    }
}
