package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The report for programs: every run of every row, not only medians.
final class JsonReport {
    private JsonReport() {}

    static String write(Report report) {
        var root = new LinkedHashMap<String, @Nullable Object>();
        root.put("facts", report.facts());
        var rows = new ArrayList<Map<String, @Nullable Object>>();
        for (Measurement one : report.measurements()) {
            var row = new LinkedHashMap<String, @Nullable Object>();
            row.put("row", one.row().key());
            row.put("subject", one.subject());
            row.put("durability", Report.isOurs(one.subject()) ? one.durability().word() : null);
            row.put("note", one.note());
            row.put("medians", one.medians().values());
            row.put("runs", one.runs().stream().map(Figures::values).toList());
            rows.add(row);
        }
        root.put("rows", rows);
        root.put("targets", targets(report));
        var usage = new LinkedHashMap<String, @Nullable Object>();
        report.usage().forEach((durability, json) -> usage.put(durability.word(), json.value()));
        root.put("usage", usage);
        return Json.write(root);
    }

    private static List<Map<String, @Nullable Object>> targets(Report report) {
        var targets = new ArrayList<Map<String, @Nullable Object>>();
        for (Comparisons.Outcome outcome : Comparisons.outcomes(report)) {
            Target target = outcome.target();
            var view = new LinkedHashMap<String, @Nullable Object>();
            view.put("row", target.row().key());
            view.put("durability", target.durability().word());
            view.put("figure", target.figure());
            view.put(
                    "wanted",
                    switch (target) {
                        case Target.Ratio ratio -> ratio.atLeast();
                        case Target.Bound bound -> bound.limit();
                    });
            view.put("against", target instanceof Target.Ratio ? "peer" : "itself");
            view.put(
                    "reached",
                    outcome.reached().isPresent() ? outcome.reached().getAsDouble() : null);
            view.put("met", outcome.met().orElse(null));
            targets.add(view);
        }
        return targets;
    }
}
