package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/// Ratios: what was measured against targets, limits and the peer. Reads a [Report] only.
final class Comparisons {
    /// A target and how far it is reached. Empty values: not measured in this report.
    ///
    /// @param ours the figure
    /// @param reached the ratio to the peer, or the figure itself for a bound
    record Outcome(Target target, OptionalDouble ours, OptionalDouble reached) {
        /// Empty when it is not known.
        Optional<Boolean> met() {
            if (reached.isEmpty()) {
                return Optional.empty();
            }
            double value = reached.getAsDouble();
            return Optional.of(
                    switch (target) {
                        case Target.Ratio ratio -> value >= ratio.atLeast();
                        case Target.Bound bound ->
                                bound.floor() ? value >= bound.limit() : value <= bound.limit();
                    });
        }
    }

    private Comparisons() {}

    /// Every target, reached or not.
    static List<Outcome> outcomes(Report report) {
        var outcomes = new ArrayList<Outcome>();
        for (Target target : Target.ALL) {
            outcomes.add(
                    switch (target) {
                        case Target.Ratio ratio -> outcome(report, ratio);
                        case Target.Bound bound -> outcome(report, bound);
                    });
        }
        return outcomes;
    }

    /// A figure of `subject` divided by that of `other` in the same row; empty when either is
    /// missing.
    static OptionalDouble ratio(
            Report report,
            Row row,
            Durability durability,
            String subject,
            String other,
            String figure) {
        OptionalDouble ours = figure(report, row, durability, subject, figure);
        OptionalDouble theirs = figure(report, row, durability, other, figure);
        return ours.isPresent() && theirs.isPresent() && theirs.getAsDouble() != 0
                ? OptionalDouble.of(ours.getAsDouble() / theirs.getAsDouble())
                : OptionalDouble.empty();
    }

    /// With the two that are computed from others: `p99/p50` and `depth`.
    static OptionalDouble figure(
            Report report, Row row, Durability durability, String subject, String figure) {
        if (figure.equals("depth")) {
            return ratio(report, row, Row.DEPTH1, durability, subject);
        }
        return report.find(row, subject, durability)
                .map(found -> figure(found, figure))
                .orElse(OptionalDouble.empty());
    }

    static OptionalDouble figure(Measurement measured, String figure) {
        if (!figure.equals("p99/p50")) {
            return measured.medians().get(figure);
        }
        String of = measured.row().latency();
        OptionalDouble p50 = measured.medians().get(of + ".p50");
        OptionalDouble p99 = measured.medians().get(of + ".p99");
        return p50.isPresent() && p99.isPresent() && p50.getAsDouble() > 0
                ? OptionalDouble.of(p99.getAsDouble() / p50.getAsDouble())
                : OptionalDouble.empty();
    }

    private static OptionalDouble ratio(
            Report report, Row row, Row other, Durability durability, String subject) {
        OptionalDouble one = figure(report, row, durability, subject, "iops");
        OptionalDouble two = figure(report, other, durability, subject, "iops");
        return one.isPresent() && two.isPresent() && two.getAsDouble() > 0
                ? OptionalDouble.of(one.getAsDouble() / two.getAsDouble())
                : OptionalDouble.empty();
    }

    private static Outcome outcome(Report report, Target.Ratio target) {
        String subject = target.library() ? CoppiceLibrary.NAME : CoppiceNbd.NAME;
        String peer = target.library() ? Peer.LIBRARY : Peer.NBD;
        OptionalDouble ratio =
                ratio(report, target.row(), target.durability(), subject, peer, target.figure());
        OptionalDouble better =
                target.lessIsBetter() && ratio.isPresent() && ratio.getAsDouble() > 0
                        ? OptionalDouble.of(1 / ratio.getAsDouble())
                        : ratio;
        return new Outcome(
                target,
                figure(report, target.row(), target.durability(), subject, target.figure()),
                better);
    }

    private static Outcome outcome(Report report, Target.Bound target) {
        String subject = target.row() == Row.CLONE ? CoppiceLibrary.NAME : CoppiceNbd.NAME;
        OptionalDouble figure =
                figure(report, target.row(), target.durability(), subject, target.figure());
        return new Outcome(target, figure, figure);
    }
}
