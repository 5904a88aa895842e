package io.coppice.chaos.report;

import io.coppice.chaos.nemesis.Nemesis;
import io.coppice.chaos.workload.Workload;
import io.coppice.planted.Planted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What a run is.
///
/// @param duration of the faults
/// @param bug put into servers and clients; null: none
/// @param root of the repository
/// @param dir where everything is kept; a folder that is not there yet
public record Settings(
        Workload workload,
        List<Nemesis> nemeses,
        Duration duration,
        long seed,
        int nodes,
        boolean durabilityAlways,
        @Nullable Planted bug,
        Path root,
        Path dir) {
    /// The command that does the same again.
    public String command() {
        return "./coppice chaos run "
                + workload.name()
                + (nemeses.isEmpty() ? "" : " --nemesis " + names())
                + " --minutes "
                + duration.toMillis() / 60_000.0
                + " --seed "
                + seed
                + (nodes == 4 ? "" : " --nodes " + nodes)
                + (durabilityAlways ? " --durability-always" : "")
                + (bug == null ? "" : " --bug '" + bug.name() + "'");
    }

    /// Of the nemeses.
    public String names() {
        return nemeses.stream().map(Nemesis::name).collect(Collectors.joining(","));
    }

    public boolean bendsClocks() {
        return names().contains("clock-");
    }
}
