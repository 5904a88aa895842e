package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/// The report for people.
final class MarkdownReport {
    private static final List<String> LIMITS =
            List.of("nbdkit memory", "nbdkit file", "local disk");

    private final Report report;
    private final StringBuilder out = new StringBuilder();

    private MarkdownReport(Report report) {
        this.report = report;
    }

    /// @param charts names of the files beside it
    static String write(Report report, Set<String> charts) {
        return new MarkdownReport(report).all(charts);
    }

    private String all(Set<String> charts) {
        line("# Coppice measured");
        line("");
        report.facts().forEach((name, fact) -> line("- " + name + ": " + fact));
        section("Targets");
        targets();
        section("Rows");
        line(
                "Medians over the runs. Latencies are completion latencies. CPU: user and system seconds of"
                        + " all servers per 1,000 requests, and of the client (fio, or this process);"
                        + " kernel threads are not in it. Amplification: bytes that reached the device of the work"
                        + " folder, whoever wrote them, per byte that the client wrote meanwhile; what is"
                        + " still in the page cache is not in it. Dirtied: bytes of the pages that the"
                        + " servers made dirty instead, where one byte can count for a large folio. Others: cores that neither subject nor client"
                        + " used; a row with more than 0.3 there was disturbed.");
        line("");
        rows();
        section("Against limits and peer");
        line(
                "The headline figure of each row (IOPS, or MB/s of large requests) divided by the other's.");
        line("");
        ratios();
        section("CPU by process");
        processes("cpu.", "CPU seconds per 1,000 requests.");
        section("Memory by process");
        processes("rss.", "MiB in RAM at the end of the row's run.");
        section("Stored");
        stored();
        section("Lines of fio");
        lines();
        section("Charts");
        charts.forEach(chart -> line("![" + chart + "](" + chart + ")"));
        failures();
        return out.toString();
    }

    private void targets() {
        table("row", "durability", "figure", "ours", "reached", "wanted", "met");
        for (Comparisons.Outcome outcome : Comparisons.outcomes(report)) {
            Target target = outcome.target();
            String wanted =
                    switch (target) {
                        case Target.Ratio ratio ->
                                Numbers.show(ratio.atLeast())
                                        + (ratio.lessIsBetter() ? " x less than" : " x")
                                        + " the peer"
                                        + (ratio.library() ? "'s library" : "");
                        case Target.Bound bound ->
                                (bound.floor() ? "at least " : "at most ")
                                        + Numbers.show(bound.limit())
                                        + " "
                                        + bound.unit();
                    };
            String met = outcome.met().map(yes -> yes ? "yes" : "**no**").orElse(Numbers.NONE);
            boolean isRatio = target instanceof Target.Ratio;
            row(
                    target.row().title(),
                    target.durability().word(),
                    target.figure(),
                    Numbers.show(outcome.ours()),
                    isRatio ? Numbers.times(outcome.reached()) : Numbers.show(outcome.reached()),
                    wanted,
                    met);
        }
        line("");
    }

    private void rows() {
        table(
                "row",
                "subject",
                "durability",
                "dir",
                "IOPS",
                "MB/s",
                "p50",
                "p99",
                "p99.9",
                "max",
                "p99/p50",
                "CPU servers",
                "client",
                "amplification",
                "dirtied",
                "others",
                "SHA MB/s",
                "ping-pong µs",
                "runs");
        for (Measurement one : inOrder()) {
            for (String direction : List.of("read", "write", "sync", "clone")) {
                if (one.medians().get(direction + ".p50").isPresent()) {
                    row(cells(one, direction));
                }
            }
        }
        line("");
    }

    private static String[] cells(Measurement one, String direction) {
        Figures medians = one.medians();
        boolean whole =
                medians.get(direction + ".iops").isEmpty() && direction.equals(one.row().latency());
        String of = whole ? "" : direction + ".";
        return new String[] {
            one.row().title() + (one.note().isEmpty() ? "" : " (" + one.note() + ")"),
            one.subject(),
            durability(one),
            direction,
            Numbers.show(medians.get(of + "iops")),
            Numbers.show(medians.get(of + "mbs")),
            Numbers.micros(medians.get(direction + ".p50")),
            Numbers.micros(medians.get(direction + ".p99")),
            Numbers.micros(medians.get(direction + ".p999")),
            Numbers.micros(medians.get(direction + ".max")),
            direction.equals(one.row().latency())
                    ? Numbers.show(Comparisons.figure(one, "p99/p50"))
                    : Numbers.NONE,
            Numbers.show(medians.get("cpu.servers")),
            Numbers.show(medians.get("cpu.client")),
            Numbers.show(medians.get("amplification")),
            Numbers.show(medians.get("dirtied.servers")),
            Numbers.show(medians.get("busy.others")),
            Numbers.show(medians.get("calibration.sha")),
            Numbers.show(medians.get("calibration.pingpong")),
            Integer.toString(one.runs().size())
        };
    }

    private void ratios() {
        var others = new ArrayList<>(LIMITS);
        others.add(Peer.NBD);
        others.removeIf(other -> !report.subjects().contains(other));
        var head = new ArrayList<>(List.of("row", "subject", "durability"));
        others.forEach(other -> head.add("/ " + other));
        boolean library = report.subjects().contains(Peer.LIBRARY);
        if (library) {
            head.add("/ " + Peer.LIBRARY);
        }
        table(head.toArray(String[]::new));
        for (Measurement one : inOrder()) {
            if (!Report.isOurs(one.subject()) || one.row() == Row.CLONE) {
                continue;
            }
            var cells = new ArrayList<>(List.of(one.row().title(), one.subject(), durability(one)));
            others.forEach(other -> cells.add(ratio(one, other)));
            if (library) {
                cells.add(ratio(one, Peer.LIBRARY));
            }
            row(cells.toArray(String[]::new));
        }
        line("");
    }

    private String ratio(Measurement one, String other) {
        return Numbers.times(
                Comparisons.ratio(
                        report,
                        one.row(),
                        one.durability(),
                        one.subject(),
                        other,
                        one.row().headline()));
    }

    private void processes(String prefix, String what) {
        line(what);
        line("");
        table("row", "subject", "durability", "by process");
        for (Measurement one : inOrder()) {
            Map<String, Double> by = one.medians().under(prefix);
            if (by.isEmpty()) {
                continue;
            }
            var parts = new ArrayList<String>();
            by.forEach((name, value) -> parts.add(name + " " + Numbers.show(value)));
            row(one.row().title(), one.subject(), durability(one), String.join(", ", parts));
        }
        line("");
    }

    private void stored() {
        table("row", "subject", "durability", "bytes per first write and replica");
        for (Measurement one : inOrder()) {
            OptionalDouble bytes = one.medians().get("stored.write");
            if (bytes.isPresent()) {
                row(one.row().title(), one.subject(), durability(one), Numbers.show(bytes));
            }
        }
        line("");
        report.usage()
                .forEach((durability, usage) ->
                        line(
                                "- "
                                        + durability.word()
                                        + ", after all rows: provisioned "
                                        + bytes(usage, "provisioned_bytes")
                                        + ", logical "
                                        + bytes(usage, "logical_bytes")
                                        + ", stored "
                                        + bytes(usage, "stored_bytes")
                                        + ", raw on all stores "
                                        + bytes(usage, "raw_bytes")));
    }

    private void lines() {
        line("All: `" + String.join(" ", Fio.COMMON) + "`, the engine, and");
        line("");
        table("row", "options");
        for (Row row : Row.values()) {
            if (!row.fio().isEmpty()) {
                row(row.key(), "`" + String.join(" ", row.fio()) + "`");
            }
        }
        line("");
    }

    private static String bytes(Json usage, String name) {
        OptionalDouble value = usage.get(name).number();
        return value.isPresent() ? Numbers.bytes(value.getAsDouble()) : Numbers.NONE;
    }

    private void failures() {
        List<Measurement> failed =
                report.measurements().stream().filter(Measurement::failed).toList();
        if (failed.isEmpty()) {
            return;
        }
        section("Failed");
        failed.forEach(one ->
                line(
                        "- "
                                + one.row().key()
                                + ", "
                                + one.subject()
                                + ", "
                                + one.durability().word()
                                + ": "
                                + one.note().replace('\n', ' ')));
    }

    /// By row first, so that subjects stand below one another.
    private List<Measurement> inOrder() {
        return Arrays.stream(Row.values())
                .flatMap(row ->
                        report.measurements().stream()
                                .filter(one -> one.row() == row && !one.failed()))
                .toList();
    }

    private static String durability(Measurement one) {
        return Report.isOurs(one.subject()) ? one.durability().word() : Numbers.NONE;
    }

    private void section(String title) {
        line("");
        line("## " + title);
        line("");
    }

    private void table(String... head) {
        row(head);
        line("|" + "---|".repeat(head.length));
    }

    private void row(String... cells) {
        var escaped = Arrays.stream(cells).map(cell -> cell.replace("|", "\\|")).toList();
        line("| " + String.join(" | ", escaped) + " |");
    }

    private void line(String text) {
        out.append(text).append('\n');
    }
}
