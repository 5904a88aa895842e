package io.coppice.net;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Gauges of each store, as `node_store_used_bytes{store="3"}`: the registry's names have no
/// labels, so the store's number is within them, and a rule about all stores could not be written.
/// (The exporter's own mapper makes two metrics of one name of it, which is refused.)
final class StoreLabels implements MultiCollector {
    private static final Pattern NUMBERED = Pattern.compile("([a-z]+)_(store)_([0-9]+)_(.+)");

    private final MultiCollector all;

    StoreLabels(MultiCollector all) {
        this.all = all;
    }

    @Override
    public MetricSnapshots collect() {
        var result = MetricSnapshots.builder();
        Map<String, GaugeSnapshot.Builder> numbered = new TreeMap<>();
        all.collect()
                .forEach(metric -> {
                    Matcher name = NUMBERED.matcher(metric.getMetadata().getPrometheusName());
                    if (metric instanceof GaugeSnapshot gauge && name.matches()) {
                        String common = name.group(1) + "_" + name.group(2) + "_" + name.group(4);
                        var builder =
                                numbered.computeIfAbsent(
                                        common,
                                        n -> GaugeSnapshot.builder().name(n).help("of each store"));
                        var labels = Labels.of(name.group(2), name.group(3));
                        gauge.getDataPoints()
                                .forEach(point ->
                                        builder.dataPoint(
                                                GaugeDataPointSnapshot.builder()
                                                        .labels(labels)
                                                        .value(point.getValue())
                                                        .build()));
                    } else {
                        result.metricSnapshot(metric);
                    }
                });
        numbered.values().forEach(gauges -> result.metricSnapshot(gauges.build()));
        return result.build();
    }
}
