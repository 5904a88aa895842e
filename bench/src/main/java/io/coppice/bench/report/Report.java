package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Everything that one call measured, in the order in which it was measured.
///
/// @param facts of the machine and of the settings, by name
/// @param usage `coppice usage` after the rows, by durability
record Report(
        Map<String, String> facts, List<Measurement> measurements, Map<Durability, Json> usage) {
    Report() {
        this(new LinkedHashMap<>(), new ArrayList<>(), new LinkedHashMap<>());
    }

    void add(Measurement measurement) {
        measurements.add(measurement);
    }

    /// Subjects that have any figures, in the order of their first ones.
    Set<String> subjects() {
        var subjects = new LinkedHashSet<String>();
        measurements.stream()
                .filter(measurement -> !measurement.failed())
                .forEach(measurement -> subjects.add(measurement.subject()));
        return subjects;
    }

    /// What a subject did in a row; limits and peers have one durability and serve for both.
    Optional<Measurement> find(Row row, String subject, Durability durability) {
        List<Measurement> found =
                measurements.stream()
                        .filter(one -> one.row() == row && one.subject().equals(subject))
                        .filter(one -> !one.failed())
                        .toList();
        return found.stream()
                .filter(one -> one.durability() == durability || !isOurs(subject))
                .findFirst();
    }

    static boolean isOurs(String subject) {
        return subject.equals(CoppiceNbd.NAME) || subject.equals(CoppiceLibrary.NAME);
    }
}
