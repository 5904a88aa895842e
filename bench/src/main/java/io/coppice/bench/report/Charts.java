package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/// The report's charts, by the name of their file. A series is a subject in one durability.
final class Charts {
    private record Voice(String subject, Durability durability, String label) {}

    private record Category(Row row, String label, String figure) {}

    private Charts() {}

    static Map<String, String> of(Report report) {
        var charts = new LinkedHashMap<String, String>();
        put(charts, report, "iops.svg", "IOPS (more is better)", figures("iops", small()));
        put(
                charts,
                report,
                "throughput.svg",
                "MB/s (more is better)",
                figures("mbs", EnumSet.of(Row.FILL, Row.SW8, Row.SR8)));
        put(charts, report, "latency.svg", "microseconds at QD1 (less is better)", latencies());
        put(
                charts,
                report,
                "cpu.svg",
                "CPU seconds of all servers per 1,000 requests (less is better)",
                figures("cpu.servers", small()));
        return charts;
    }

    private static Set<Row> small() {
        var rows = EnumSet.allOf(Row.class);
        rows.removeAll(EnumSet.of(Row.FILL, Row.SW8, Row.SR8, Row.CLONE));
        return rows;
    }

    private static List<Category> figures(String figure, Set<Row> rows) {
        return rows.stream().map(row -> new Category(row, row.title(), figure)).toList();
    }

    private static List<Category> latencies() {
        var categories = new ArrayList<Category>();
        for (Row row : List.of(Row.W1, Row.R1, Row.WFSYNC1, Row.FIRST1)) {
            for (String percentile : List.of("p50", "p99", "p999")) {
                categories.add(
                        new Category(
                                row,
                                row.key() + " " + row.latency() + " " + percentile,
                                row.latency() + "." + percentile));
            }
        }
        return categories;
    }

    /// Nothing when no subject has any of the figures.
    private static void put(
            Map<String, String> charts,
            Report report,
            String file,
            String title,
            List<Category> wanted) {
        List<Voice> voices = voices(report);
        List<Category> categories =
                wanted.stream()
                        .filter(category ->
                                voices.stream()
                                        .anyMatch(voice ->
                                                value(report, category, voice).isPresent()))
                        .toList();
        List<BarChart.Series> series =
                voices.stream()
                        .map(voice ->
                                new BarChart.Series(
                                        voice.label(),
                                        categories.stream()
                                                .map(category -> value(report, category, voice))
                                                .toList()))
                        .filter(one -> one.values().stream().anyMatch(OptionalDouble::isPresent))
                        .toList();
        if (!series.isEmpty()) {
            List<String> labels = categories.stream().map(Category::label).toList();
            charts.put(file, new BarChart(title, labels, series).svg());
        }
    }

    private static List<Voice> voices(Report report) {
        var voices = new ArrayList<Voice>();
        for (String subject : report.subjects()) {
            if (Report.isOurs(subject)) {
                for (Durability durability : Durability.values()) {
                    voices.add(new Voice(subject, durability, subject + ", " + durability.word()));
                }
            } else {
                voices.add(new Voice(subject, Durability.FLUSH, subject));
            }
        }
        return voices;
    }

    private static OptionalDouble value(Report report, Category category, Voice voice) {
        return Comparisons.figure(
                report, category.row(), voice.durability(), voice.subject(), category.figure());
    }
}
