package io.coppice.chaos.report;

import io.coppice.chaos.report.Summary.Struck;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// What came of many runs: for each kind of fault and each workload how often, the longest stall,
/// the longest recovery; for each workload what was judged and what was wrong.
public final class Matrix {
    /// Of one kind of fault under one workload; seconds.
    private static final class Cell {
        int times;
        double stall;
        double recovery = -1;

        void add(Struck fault) {
            times++;
            stall = Math.max(stall, fault.stall());
            recovery = Math.max(recovery, fault.recovery());
        }

        String show() {
            String shown = String.format(Locale.ROOT, "%d: %.1f", times, stall);
            return recovery < 0 ? shown : shown + String.format(Locale.ROOT, " / %.1f", recovery);
        }
    }

    /// Of one workload.
    private static final class Total {
        int runs;
        int failed;
        double seconds;
        long operations;
        long judged;
    }

    private final Map<String, Map<String, Cell>> cells = new TreeMap<>();
    private final Map<String, Total> totals = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();

    public void add(Summary run) {
        for (Struck fault : run.faults()) {
            cells.computeIfAbsent(fault.nemesis(), _ -> new TreeMap<>())
                    .computeIfAbsent(run.workload(), _ -> new Cell())
                    .add(fault);
        }
        Total total = totals.computeIfAbsent(run.workload(), _ -> new Total());
        total.runs++;
        total.seconds += run.seconds();
        total.operations += run.operations();
        total.judged += run.judged();
        total.failed += run.valid() ? 0 : 1;
        run.failures().forEach(each -> failures.add("`" + run.command() + "`: " + each));
    }

    public boolean valid() {
        return failures.isEmpty();
    }

    /// In Markdown.
    public String write() {
        var text = new StringBuilder();
        text.append("| workload | runs | with something wrong | minutes of faults | operations |");
        text.append(" judged |\n|---|---|---|---|---|---|\n");
        var all = new Total();
        totals.forEach((name, total) -> {
            line(text, name, total);
            all.runs += total.runs;
            all.failed += total.failed;
            all.seconds += total.seconds;
            all.operations += total.operations;
            all.judged += total.judged;
        });
        line(text, "all", all);
        text.append(
                "\nHow often: the longest stall of a client in seconds / the longest time until the"
                        + " cluster was whole again.\n\n| fault |");
        totals.keySet().forEach(name -> text.append(' ').append(name).append(" |"));
        text.append("\n|---|").append("---|".repeat(totals.size())).append('\n');
        cells.forEach((nemesis, of) -> {
            text.append("| ").append(nemesis).append(" |");
            totals.keySet()
                    .forEach(name -> {
                        Cell cell = of.get(name);
                        text.append(' ').append(cell == null ? "" : cell.show()).append(" |");
                    });
            text.append('\n');
        });
        failures.forEach(each -> text.append("\n- ").append(each));
        return text.toString();
    }

    private static void line(StringBuilder text, String name, Total total) {
        text.append(
                String.format(
                        Locale.ROOT,
                        "| %s | %d | %d | %.1f | %,d | %,d |%n",
                        name,
                        total.runs,
                        total.failed,
                        total.seconds / 60,
                        total.operations,
                        total.judged));
    }
}
