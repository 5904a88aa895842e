package io.coppice.cli;

import java.io.PrintWriter;
import java.time.Duration;

/// A progress bar on stderr when a person watches, else nothing. Not thread-safe.
final class Progress implements AutoCloseable {
    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintWriter err;
    private final boolean shown;
    private final long totalBytes;
    private final long startNanos = System.nanoTime();
    private long doneBytes;
    private long drawnNanos = startNanos - REDRAW_NANOS;
    private boolean drawn;

    /// @param totalBytes 0: not known
    Progress(Output output, long totalBytes) {
        this.err = output.err();
        this.totalBytes = totalBytes;
        this.shown = !output.isQuiet() && output.isTable() && isTerminal();
    }

    private static boolean isTerminal() {
        var console = System.console();
        return console != null && console.isTerminal();
    }

    /// So many bytes of the whole are done.
    void reach(long bytes) {
        doneBytes = bytes;
        long now = System.nanoTime();
        if (shown && now - drawnNanos >= REDRAW_NANOS) {
            drawnNanos = now;
            draw(now);
        }
    }

    private void draw(long now) {
        double seconds = Math.max(0.001, (now - startNanos) / 1e9);
        long perSecond = (long) (doneBytes / seconds);
        err.print("\r" + bar(doneBytes, totalBytes) + "  " + Sizes.show(doneBytes) + "  " + Sizes.show(perSecond)
                + "/s  " + left(perSecond) + "\u001b[K");
        err.flush();
        drawn = true;
    }

    private String left(long perSecond) {
        if (totalBytes == 0 || perSecond == 0) {
            return "";
        }
        return Durations.show(Duration.ofSeconds(Math.max(0, totalBytes - doneBytes) / perSecond)) + " left";
    }

    static String bar(long done, long total) {
        if (total == 0) {
            return "";
        }
        double ratio = Math.min(1.0, (double) done / total);
        int full = (int) (ratio * WIDTH);
        return "[" + "=".repeat(full) + " ".repeat(WIDTH - full) + "] " + (int) (ratio * 100) + " %";
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
