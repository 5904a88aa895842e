package io.coppice.cli;

import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.UsageSample;
import io.coppice.wire.pb.VolumeInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `usage` tells of the future and the past.
final class UsageViews {
    private UsageViews() {}

    static Map<String, Object> freed(List<SourceName> names, Usage usage) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("freed_by", names.stream().map(SourceName::toString).toList());
        view.put("freed_bytes", usage.getFreedBytes());
        view.put("freed_raw_bytes", usage.getFreedRawBytes());
        view.put("freed_chunks", usage.getFreedChunks());
        return Views.complete(view);
    }

    static String freedText(Usage usage) {
        return new Details()
                .line("freed", Sizes.show(usage.getFreedBytes()) + " (before replication)")
                .line("raw", Sizes.show(usage.getFreedRawBytes()) + " (of all replicas)")
                .line("chunks", usage.getFreedChunks())
                .toString();
    }

    static List<Map<String, Object>> history(Usage usage) {
        return Views.each(usage.getHistoryList(), UsageViews::sample);
    }

    private static Map<String, Object> sample(UsageSample sample) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("time", Views.time(sample.getMillis()));
        view.put("mapped_bytes", sample.getMappedBytes());
        view.put("own_bytes", sample.getOwnBytes());
        view.put("divergence_percent", Views.percent(divergence(sample)));
        return Views.complete(view);
    }

    private static double divergence(UsageSample sample) {
        return sample.getMappedBytes() == 0
                ? 0
                : (double) sample.getOwnBytes() / sample.getMappedBytes();
    }

    /// The last row is what it holds now.
    static String historyText(Usage usage, VolumeInfo now) {
        Table table = new Table("SINCE", "MAPPED", "OWN", "DIVERGENCE");
        for (UsageSample sample : usage.getHistoryList()) {
            row(
                    table,
                    Times.show(sample.getMillis()),
                    sample.getMappedBytes(),
                    sample.getOwnBytes(),
                    divergence(sample));
        }
        row(table, "now", now.getMappedBytes(), now.getOwnBytes(), now.getDivergence());
        return table.toString();
    }

    private static void row(Table table, String when, long mapped, long own, double divergence) {
        table.row(when, Sizes.show(mapped), Sizes.show(own), Views.percent(divergence) + " %");
    }
}
