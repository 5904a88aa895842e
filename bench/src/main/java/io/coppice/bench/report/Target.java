package io.coppice.bench.report;

import java.util.List;

/// What a row is to reach. `atLeast` is a ratio to the peer in the same report, turned so that more
/// is better; `limit` is a bound of the figure itself.
///
/// @param figure see [Figures]; `p99/p50` and `depth` are computed
sealed interface Target {
    Row row();

    Durability durability();

    String figure();

    /// At least so many times as good as the peer.
    ///
    /// @param lessIsBetter of times and costs
    record Ratio(
            Row row,
            Durability durability,
            boolean library,
            String figure,
            boolean lessIsBetter,
            double atLeast)
            implements Target {}

    /// At most this much, or at least when `floor`.
    record Bound(
            Row row, Durability durability, String figure, double limit, boolean floor, String unit)
            implements Target {}

    List<Target> ALL =
            List.of(
                    times(Row.W1, Durability.FLUSH, 6),
                    times(Row.W1, Durability.ALWAYS, 2.5),
                    times(Row.W32, Durability.FLUSH, 15),
                    times(Row.W32, Durability.ALWAYS, 8),
                    times(Row.R1, Durability.FLUSH, 2.5),
                    times(Row.R32, Durability.FLUSH, 8),
                    times(Row.MIX32, Durability.FLUSH, 12),
                    times(Row.WFSYNC1, Durability.FLUSH, 3),
                    new Ratio(Row.SW8, Durability.FLUSH, false, "mbs", false, 2),
                    new Ratio(Row.SR8, Durability.FLUSH, false, "mbs", false, 2.5),
                    new Ratio(Row.W32, Durability.FLUSH, false, "cpu.servers", true, 12),
                    new Ratio(Row.R32, Durability.FLUSH, false, "cpu.servers", true, 6),
                    times(Row.FIRST32, Durability.FLUSH, 20),
                    new Ratio(Row.W32, Durability.FLUSH, true, "iops", false, 8),
                    new Ratio(Row.R32, Durability.FLUSH, true, "iops", false, 4),
                    new Bound(Row.FIRST32, Durability.FLUSH, "stored.write", 5120, false, "B"),
                    new Bound(Row.CLONE, Durability.FLUSH, "clone.p50", 5000, false, "µs"),
                    new Bound(Row.DEPTH1000, Durability.FLUSH, "depth", 0.95, true, "x"),
                    new Bound(Row.W1, Durability.FLUSH, "p99/p50", 5, false, "x"),
                    new Bound(Row.R1, Durability.FLUSH, "p99/p50", 5, false, "x"));

    private static Target times(Row row, Durability durability, double atLeast) {
        return new Ratio(row, durability, false, "iops", false, atLeast);
    }
}
