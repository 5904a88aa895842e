package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/// Named numbers of one run, or the medians of several.
///
/// | name | unit |
/// |---|---|
/// | `iops`, `read.iops`, `write.iops` | requests a second |
/// | `mbs`, `read.mbs`, `write.mbs` | 10^6 bytes a second |
/// | `read.p50` `.p99` `.p999` `.max`, `write...`, `sync...`, `clone...` | microseconds |
/// | `cpu.NAME`, `cpu.servers`, `cpu.client` | CPU seconds per 1,000 requests |
/// | `rss.NAME`, `rss.servers` | MiB |
/// | `amplification` | bytes that reached the device per byte that the client wrote |
/// | `dirtied.servers`, `dirtied.nodes` | bytes that processes made dirty per byte that the client wrote |
/// | `stored.write` | bytes on a store per first write, per replica |
/// | `busy.cores`, `busy.others` | cores that all, and that others than subject and client, used |
/// | `calibration.sha`, `calibration.pingpong` | MB/s of one core, microseconds |
record Figures(SortedMap<String, Double> values) {
    Figures() {
        this(new TreeMap<>());
    }

    /// Adds a figure; what is no number is left out.
    Figures put(String name, double value) {
        if (Double.isFinite(value)) {
            values.put(name, value);
        }
        return this;
    }

    Figures putAll(Figures others) {
        values.putAll(others.values);
        return this;
    }

    OptionalDouble get(String name) {
        Double value = values.get(name);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    double get(String name, double otherwise) {
        return get(name).orElse(otherwise);
    }

    /// The figures whose names start with `prefix`, by the rest of their names.
    Map<String, Double> under(String prefix) {
        var found = new TreeMap<String, Double>();
        values.tailMap(prefix)
                .forEach((name, value) -> {
                    if (name.startsWith(prefix)) {
                        found.put(name.substring(prefix.length()), value);
                    }
                });
        return found;
    }

    /// Of each figure the median over the runs that have it.
    static Figures medians(Collection<Figures> runs) {
        var all = new TreeMap<String, List<Double>>();
        for (Figures run : runs) {
            run.values.forEach((name, value) ->
                    all.computeIfAbsent(name, unused -> new ArrayList<>()).add(value));
        }
        var medians = new Figures();
        all.forEach((name, values) -> medians.put(name, median(values)));
        return medians;
    }

    /// The middle one, or the mean of the two in the middle.
    static double median(Collection<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        if (sorted.isEmpty()) {
            return Double.NaN;
        }
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
