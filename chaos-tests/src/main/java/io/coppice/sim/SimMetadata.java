package io.coppice.sim;

import com.codahale.metrics.MetricRegistry;
import io.coppice.metadata.server.Leader;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.metadata.server.MetadataServerConfig.RaftLimits;
import io.coppice.metadata.server.MetadataServerConfig.RepairLimits;
import io.coppice.metadata.server.MetadataServerConfig.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One metadata server: its part in the [SimLog], and the production's [Leader] while it leads.
final class SimMetadata {
    private static final long TICK_NANOS = 100 * Scheduler.MILLI;

    /// Nobody is away for longer, unless his disk is gone.
    private static final Duration REPAIR_AFTER = Duration.ofSeconds(20);

    private final String id;
    private final SimLog.Member member;
    private final SimNetwork network;
    private final MetadataServerConfig config;
    private @Nullable Host host;
    private @Nullable Leader leader;

    SimMetadata(String id, SimLog.Member member, SimNetwork network) {
        this.id = id;
        this.member = member;
        this.network = network;
        Map<String, String> peers = new TreeMap<>();
        for (int i = 1; i <= 3; i++) {
            peers.put("m" + i, "127.0.2." + i + ":1");
        }
        config =
                new MetadataServerConfig(
                                id,
                                Path.of("nowhere"),
                                "127.0.2.1:1",
                                "127.0.2.1:2",
                                "127.0.2.1:3",
                                peers,
                                peers)
                        .with(
                                RaftLimits.defaults(),
                                new Timeouts(
                                        Duration.ofSeconds(2),
                                        Duration.ofSeconds(3),
                                        Duration.ofSeconds(5),
                                        Duration.ofSeconds(3),
                                        true))
                        .with(
                                RepairLimits.defaults()
                                        .withAfter(REPAIR_AFTER)
                                        .withSettle(Duration.ofSeconds(2)));
    }

    String id() {
        return id;
    }

    Host host() {
        return java.util.Objects.requireNonNull(host);
    }

    /// Null: it does not lead, as far as it knows.
    @Nullable Leader leader() {
        return leader;
    }

    /// Its process starts (again).
    void start(Host process) {
        host = process;
        leader = null;
        member.start(
                process,
                new SimLog.Listener() {
                    @Override
                    public void leading() {
                        lead(process);
                    }

                    @Override
                    public void following() {
                        Leader was = leader;
                        leader = null;
                        if (was != null) {
                            was.close();
                        }
                    }
                });
    }

    private void lead(Host process) {
        var now =
                new Leader(
                        new Leader.Ports(
                                member,
                                process,
                                process,
                                process,
                                process,
                                address -> network.refuses(process, address),
                                List::of),
                        config,
                        new MetricRegistry());
        leader = now;
        tick(process, now);
    }

    private void tick(Host process, Leader ticking) {
        process.after(
                TICK_NANOS,
                () -> {
                    if (leader == ticking) {
                        ticking.tick();
                        tick(process, ticking);
                    }
                });
    }
}
