package io.coppice.bench.report;

import java.util.List;

/// All runs of one row on one subject.
///
/// @param durability of the cluster; of a limit or a peer what comes closest, see the report's text
/// @param note what a reader must know of it; why it failed, when it has no runs
record Measurement(
        Row row,
        String subject,
        Durability durability,
        List<Figures> runs,
        Figures medians,
        String note) {
    static Measurement of(
            Row row, String subject, Durability durability, List<Figures> runs, String note) {
        return new Measurement(
                row, subject, durability, List.copyOf(runs), Figures.medians(runs), note);
    }

    boolean failed() {
        return runs.isEmpty();
    }
}
