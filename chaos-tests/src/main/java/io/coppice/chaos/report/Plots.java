package io.coppice.chaos.report;

import io.coppice.chaos.history.Operation;
import io.coppice.chaos.nemesis.Fault;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Throughput and latency over the time of a run, with a bar for each fault.
final class Plots {
    private static final int WIDTH = 1_000;
    private static final int HEIGHT = 220;
    private static final int LEFT = 60;
    private static final int RIGHT = 10;
    private static final int TOP = 10;
    private static final int BOTTOM = 25;
    private static final int BINS_MAX = 300;
    private static final int ROW = 14;

    /// About as wide as a letter.
    private static final int LETTER = 6;

    private static final double LEAST_MILLIS = 0.1;

    private final List<Fault> faults;
    private final long start;
    private final long nanos;
    private final int bins;
    private final List<List<Operation>> byBin = new ArrayList<>();

    Plots(Outcome outcome, List<Operation> operations) {
        faults = outcome.faults();
        start = outcome.start();
        long last = outcome.end();
        for (Operation each : operations) {
            last = each.ok() ? Math.max(last, each.end()) : last;
        }
        nanos = Math.max(1, last - start);
        bins = (int) Math.min(BINS_MAX, Math.max(10, nanos / 500_000_000));
        for (int i = 0; i < bins; i++) {
            byBin.add(new ArrayList<>());
        }
        for (Operation each : operations) {
            if (each.ok() && each.end() >= start) {
                byBin.get(bin(each.end())).add(each);
            }
        }
    }

    private int bin(long at) {
        return (int) Math.min(bins - 1L, (at - start) * bins / nanos);
    }

    private double x(long at) {
        double share = (double) (at - start) / nanos;
        return LEFT + Math.clamp(share, 0, 1) * (WIDTH - LEFT - RIGHT);
    }

    /// Successes in a second.
    String throughput() {
        var svg = frame();
        double perBin = nanos / 1e9 / bins;
        double most = byBin.stream().mapToInt(List::size).max().orElse(1) / perBin;
        most = Math.max(1, most);
        var points = new StringBuilder();
        for (int i = 0; i < bins; i++) {
            double rate = byBin.get(i).size() / perBin;
            points.append(point(i, TOP + (1 - rate / most) * (HEIGHT - TOP - BOTTOM)));
        }
        svg.curve(points, "rate");
        svg.text(LEFT - 5, TOP + 10, "end", String.format(Locale.ROOT, "%.0f/s", most));
        svg.text(LEFT - 5, HEIGHT - BOTTOM, "end", "0");
        return svg.finish();
    }

    private String point(int bin, double y) {
        double x = LEFT + (bin + 0.5) / bins * (WIDTH - LEFT - RIGHT);
        return String.format(Locale.ROOT, "%.1f,%.1f ", x, y);
    }

    /// Half of the operations are faster than the lower line, all than the upper one; a logarithmic
    /// scale.
    String latency() {
        var svg = frame();
        double most = 1;
        for (List<Operation> bin : byBin) {
            most = Math.max(most, quantile(bin, 1));
        }
        double decades = Math.log10(most / LEAST_MILLIS);
        for (double[] line : new double[][] {{0.5, 0}, {0.99, 1}, {1, 2}}) {
            var points = new StringBuilder();
            for (int i = 0; i < bins; i++) {
                if (!byBin.get(i).isEmpty()) {
                    double millis = Math.max(LEAST_MILLIS, quantile(byBin.get(i), line[0]));
                    double up = Math.log10(millis / LEAST_MILLIS) / decades;
                    points.append(point(i, TOP + (1 - up) * (HEIGHT - TOP - BOTTOM)));
                }
            }
            svg.curve(points, new String[] {"p50", "p99", "max"}[(int) line[1]]);
        }
        for (double at = LEAST_MILLIS; at <= most; at *= 10) {
            double up = Math.log10(at / LEAST_MILLIS) / decades;
            double y = TOP + (1 - up) * (HEIGHT - TOP - BOTTOM);
            svg.line(LEFT, y, WIDTH - RIGHT, y, "grid");
            svg.text(
                    LEFT - 5,
                    y + 4,
                    "end",
                    String.format(Locale.ROOT, at < 1 ? "%.1f ms" : "%.0f ms", at));
        }
        return svg.finish();
    }

    private static double quantile(List<Operation> of, double share) {
        if (of.isEmpty()) {
            return 0;
        }
        double[] millis = of.stream().mapToDouble(op -> (op.end() - op.start()) / 1e6).toArray();
        Arrays.sort(millis);
        return millis[(int) Math.min(millis.length - 1, share * millis.length)];
    }

    /// Which fault went on when: solid until it was mended, pale until the cluster was whole.
    String timeline() {
        var svg = new Svg(WIDTH, Math.max(1, faults.size()) * ROW + BOTTOM);
        for (int i = 0; i < faults.size(); i++) {
            Fault fault = faults.get(i);
            double y = i * ROW + 2;
            double from = x(fault.start());
            double mended = x(fault.mended());
            svg.box(from, y, mended - from, ROW - 4, "fault", fault.what());
            if (fault.healthy() > 0) {
                double width = x(fault.healthy()) - mended;
                svg.box(mended, y, width, ROW - 4, "recovery", fault.what());
            }
            double after = Math.max(mended, x(fault.healthy())) + 4;
            boolean fits = after + fault.what().length() * LETTER < WIDTH;
            svg.text(fits ? after : from - 4, y + ROW - 5, fits ? "start" : "end", fault.what());
        }
        seconds(svg, faults.size() * ROW + BOTTOM);
        return svg.finish();
    }

    private Svg frame() {
        var svg = new Svg(WIDTH, HEIGHT);
        for (Fault fault : faults) {
            double from = x(fault.start());
            double to = x(fault.mended());
            svg.box(from, TOP, to - from, HEIGHT - TOP - BOTTOM, "shade", fault.what());
        }
        svg.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis");
        seconds(svg, HEIGHT);
        return svg;
    }

    private void seconds(Svg svg, int height) {
        double all = nanos / 1e9;
        double step = Math.pow(10, Math.floor(Math.log10(all)));
        step = all / step < 3 ? step / 4 : step;
        for (double at = 0; at <= all; at += step) {
            double x = x(start + (long) (at * 1e9));
            svg.text(x, height - 8, "middle", String.format(Locale.ROOT, "%.0f s", at));
        }
    }
}
