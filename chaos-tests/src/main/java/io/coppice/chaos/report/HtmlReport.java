package io.coppice.chaos.report;

import io.coppice.chaos.history.Event.Type;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.report.Summary.Struck;
import io.coppice.chaos.workload.Verdict.Finding;
import java.util.List;
import java.util.Locale;

/// One page about one run, with everything in it.
public final class HtmlReport {
    private static final int WIDTH = 1_000;
    private static final int ROW = 22;

    private static final String STYLE =
            """
            body { font: 14px sans-serif; margin: 2em auto; max-width: 1020px; color: #222 }
            h1 { font-size: 22px } h2 { font-size: 16px; margin-top: 2em }
            table { border-collapse: collapse } td, th { padding: 2px 10px }
            td, th { text-align: left; border-bottom: 1px solid #ddd }
            td.n { text-align: right } code { background: #f3f3f3; padding: 2px 4px }
            .good { color: #1a7f37 } .bad { color: #c0272d }
            svg text { font: 11px sans-serif; fill: #444 } svg { max-width: 100% }
            .shade { fill: #f4d9b0; opacity: .5 }
            .fault { fill: #d9822b } .recovery { fill: #f4d9b0 }
            .axis { stroke: #444 } .grid { stroke: #ddd }
            .rate, .p50, .p99, .max { fill: none; stroke-width: 1.3 }
            .rate { stroke: #1f6feb } .p50 { stroke: #1a7f37 }
            .p99 { stroke: #8250df } .max { stroke: #c0272d }
            .ok { fill: #b7dfc1 } .info { fill: #f0c36d } .fail { fill: #ddd }
            """;

    private final Outcome outcome;
    private final List<Operation> operations;
    private final StringBuilder page = new StringBuilder();

    private HtmlReport(Outcome outcome) {
        this.outcome = outcome;
        operations = outcome.history().operations();
    }

    public static String of(Outcome outcome) {
        return new HtmlReport(outcome).write();
    }

    private String write() {
        Settings settings = outcome.settings();
        String title = "Chaos: " + settings.workload().name();
        page.append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>")
                .append(Svg.escape(title))
                .append("</title><style>")
                .append(STYLE)
                .append("</style>\n<h1>")
                .append(Svg.escape(title))
                .append("</h1>\n");
        paragraph(settings.workload().about() + ".");
        verdict();
        page.append("<p>Again: <code>")
                .append(Svg.escape(settings.command()))
                .append("</code></p>\n");
        summary();
        for (Finding finding : outcome.verdict().findings()) {
            counterexample(finding);
        }
        var plots = new Plots(outcome, operations);
        section(
                "Faults, until they were mended, and until the cluster was whole",
                plots.timeline());
        section("Successes per second", plots.throughput());
        section("Latency of successes: half (green), 99 % (violet), all (red)", plots.latency());
        faults();
        return page.append("</html>\n").toString();
    }

    private void paragraph(String text) {
        page.append("<p>").append(Svg.escape(text)).append("</p>\n");
    }

    private void section(String title, String content) {
        page.append("<h2>").append(Svg.escape(title)).append("</h2>\n").append(content);
    }

    private void verdict() {
        if (outcome.valid()) {
            page.append("<p class=\"good\"><b>Nothing is wrong.</b></p>\n");
            return;
        }
        page.append("<ul class=\"bad\">\n");
        outcome.verdict().findings().forEach(finding -> item(finding.what()));
        outcome.troubles().forEach(this::item);
        page.append("</ul>\n");
    }

    private void item(String text) {
        page.append("<li>").append(Svg.escape(text)).append("</li>\n");
    }

    private void summary() {
        page.append("<table>");
        row("operations", count(Type.OK), "succeeded");
        row("", count(Type.FAIL), "failed, without effect");
        row("", count(Type.INFO), "of unknown fate");
        row("judged", outcome.verdict().judged(), "");
        row("faults", outcome.faults().size(), "");
        row("seconds", (outcome.end() - outcome.start()) / 1_000_000_000, "of faults");
        page.append("</table>\n");
    }

    private void row(String what, long count, String note) {
        page.append(
                String.format(
                        Locale.ROOT,
                        "<tr><td>%s</td><td class=\"n\">%,d</td><td>%s</td></tr>%n",
                        what,
                        count,
                        note));
    }

    private long count(Type type) {
        return operations.stream().filter(each -> each.type() == type).count();
    }

    private void faults() {
        page.append("<h2>Each fault</h2>\n<table><tr><th>at</th><th>kind</th><th>what</th>");
        page.append("<th>lasted</th><th>longest stall</th><th>whole again after</th></tr>\n");
        for (Struck fault : Summary.of(outcome).faults()) {
            page.append("<tr>");
            number(fault.at());
            page.append("<td>").append(fault.nemesis()).append("</td><td>");
            page.append(Svg.escape(fault.what())).append("</td>");
            number(fault.lasted());
            number(fault.stall());
            number(fault.recovery());
            page.append("</tr>\n");
        }
        page.append("</table>\n");
    }

    private void number(double seconds) {
        String shown = seconds < 0 ? "" : String.format(Locale.ROOT, "%.2f s", seconds);
        page.append("<td class=\"n\">").append(shown).append("</td>");
    }

    // ------------------------------------------------------------ what shows that something is
    // wrong

    /// The witnesses as bars, one process a line: from the call to the answer.
    private void counterexample(Finding finding) {
        List<Operation> of = finding.witnesses();
        if (of.isEmpty()) {
            return;
        }
        long from = of.stream().mapToLong(Operation::start).min().orElseThrow();
        long last = of.stream().mapToLong(Operation::start).max().orElseThrow();
        long to = last + 1;
        for (Operation each : of) {
            to = each.end() == Operation.NEVER ? to : Math.max(to, each.end());
        }
        to += (to - from) / 10 + 1;
        List<Integer> processes = of.stream().map(Operation::process).distinct().sorted().toList();
        var svg = new Svg(WIDTH, processes.size() * ROW + ROW);
        for (int i = 0; i < processes.size(); i++) {
            svg.text(0, i * ROW + 15, "start", "process " + processes.get(i));
        }
        for (Operation each : of) {
            double y = processes.indexOf(each.process()) * ROW + 3;
            double x = x(each.start(), from, to);
            double end = x(Math.min(each.end(), to), from, to);
            String what = each.f() + " " + (each.f().equals("read") ? "gives " : "") + each.value();
            String style = each.type().name().toLowerCase(Locale.ROOT);
            svg.box(x, y, end - x, ROW - 5, style, each.toString());
            boolean right = x > WIDTH * 0.75;
            svg.text(right ? x - 2 : x + 2, y + 12, right ? "end" : "start", what);
        }
        svg.text(
                WIDTH,
                processes.size() * ROW + 15,
                "end",
                String.format(
                        Locale.ROOT,
                        "%.3f s to %.3f s",
                        (from - outcome.start()) / 1e9,
                        (to - outcome.start()) / 1e9));
        section("The fewest operations that show it: " + finding.what(), svg.finish());
    }

    private static double x(long at, long from, long to) {
        return 120 + (double) (at - from) / (to - from) * (WIDTH - 130);
    }
}
