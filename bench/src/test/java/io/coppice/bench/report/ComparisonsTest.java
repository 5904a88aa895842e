package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ComparisonsTest {
    private final Report report = Sample.report();

    @Test
    void limitsAndPeerServeForBothDurabilities() {
        for (Durability durability : Durability.values()) {
            double ours = durability == Durability.FLUSH ? 3000 : 1500;
            assertEquals(ours / 500, ratio(durability, Peer.NBD));
            assertEquals(ours / 30_000, ratio(durability, "nbdkit memory"));
        }
    }

    @Test
    void ratiosDecideTargets() {
        assertEquals(Optional.of(true), outcome(Row.W1, Durability.FLUSH, "iops").met()); // 6 of 6
        assertEquals(
                Optional.of(true), outcome(Row.W1, Durability.ALWAYS, "iops").met()); // 3 of 2.5
        assertEquals(Optional.empty(), outcome(Row.R1, Durability.FLUSH, "iops").met());
    }

    @Test
    void boundsDecideWithoutPeer() {
        assertEquals(3, outcome(Row.W1, Durability.FLUSH, "p99/p50").reached().orElseThrow());
        assertEquals(Optional.of(true), outcome(Row.W1, Durability.FLUSH, "p99/p50").met());
        add(Row.FIRST32, CoppiceNbd.NAME, new Figures().put("stored.write", 5121));
        assertEquals(
                Optional.of(false), outcome(Row.FIRST32, Durability.FLUSH, "stored.write").met());
    }

    @Test
    void costsAreTurnedRound() {
        add(Row.W32, CoppiceNbd.NAME, new Figures().put("cpu.servers", 0.1));
        add(Row.W32, Peer.NBD, new Figures().put("cpu.servers", 1.5));
        Comparisons.Outcome outcome = outcome(Row.W32, Durability.FLUSH, "cpu.servers");
        assertEquals(15, outcome.reached().orElseThrow(), 1e-9);
        assertEquals(Optional.of(true), outcome.met());
    }

    @Test
    void aChainIsComparedWithItsFirstClone() {
        add(Row.DEPTH1, CoppiceNbd.NAME, new Figures().put("iops", 1000));
        add(Row.DEPTH1000, CoppiceNbd.NAME, new Figures().put("iops", 900));
        Comparisons.Outcome outcome = outcome(Row.DEPTH1000, Durability.FLUSH, "depth");
        assertEquals(0.9, outcome.reached().orElseThrow(), 1e-9);
        assertEquals(Optional.of(false), outcome.met());
    }

    @Test
    void aRowThatFailedIsNotThere() {
        assertTrue(report.find(Row.R1, CoppiceNbd.NAME, Durability.FLUSH).isEmpty());
    }

    private double ratio(Durability durability, String other) {
        return Comparisons.ratio(report, Row.W1, durability, CoppiceNbd.NAME, other, "iops")
                .orElseThrow();
    }

    private Comparisons.Outcome outcome(Row row, Durability durability, String figure) {
        return Comparisons.outcomes(report).stream()
                .filter(outcome -> outcome.target().row() == row)
                .filter(outcome -> outcome.target().durability() == durability)
                .filter(outcome -> outcome.target().figure().equals(figure))
                .filter(outcome ->
                        !(outcome.target() instanceof Target.Ratio ratio && ratio.library()))
                .findFirst()
                .orElseThrow();
    }

    private void add(Row row, String subject, Figures figures) {
        report.add(Measurement.of(row, subject, Durability.FLUSH, List.of(figures), ""));
    }
}
