package io.coppice.chaos.run;

import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.cluster.ChaosCluster;
import io.coppice.chaos.cluster.Clocks;
import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.cluster.Hosts;
import io.coppice.chaos.cluster.Layout;
import io.coppice.chaos.cluster.Plan;
import io.coppice.chaos.history.History;
import io.coppice.chaos.nemesis.Arena;
import io.coppice.chaos.nemesis.Conductor;
import io.coppice.chaos.nemesis.Fault;
import io.coppice.chaos.report.Outcome;
import io.coppice.chaos.report.Settings;
import io.coppice.chaos.workload.Verdict;
import io.coppice.directory.ControlException;
import io.coppice.planted.Graft;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One run: a cluster, clients, faults; then everything is mended, everybody reads what is there,
/// and all of it is judged.
final class ChaosRun {
    private static final Duration START_PATIENCE = Duration.ofSeconds(120);
    private static final Duration HEAL_PATIENCE = Duration.ofSeconds(180);
    private static final long WORK_SECONDS = 60;
    private static final long REST_SECONDS = 90;
    private static final long FINISH_SECONDS = 150;
    private static final Duration CHECK_PATIENCE = Duration.ofSeconds(120);

    private final Settings settings;
    private final Consumer<String> log;
    private final List<String> troubles = new ArrayList<>();
    private final List<ClientProcess> clients = new ArrayList<>();
    private final List<Long> blackouts = Collections.synchronizedList(new ArrayList<>());

    /// @param log takes a line for each thing that happens
    ChaosRun(Settings settings, Consumer<String> log) {
        this.settings = settings;
        long began = System.nanoTime();
        this.log =
                line ->
                        log.accept(
                                String.format(
                                        Locale.ROOT,
                                        "%6.1f  %s",
                                        (System.nanoTime() - began) / 1e9,
                                        line));
    }

    Outcome run() throws IOException, InterruptedException, ControlException {
        Layout layout = Layout.create(settings.dir());
        Path changed = changed(layout);
        Clocks clocks = new Clocks(layout.dir().resolve("etc"));
        var hosts = new Hosts(settings.seed());
        var plan = Plan.of(settings.nodes(), settings.durabilityAlways());
        List<Fault> faults;
        long start;
        long end;
        try (var cluster =
                new ChaosCluster(
                        layout,
                        plan,
                        hosts,
                        changed,
                        settings.bendsClocks() ? clocks : null,
                        settings.seed())) {
            log.accept("a cluster starts");
            cluster.start(START_PATIENCE);
            List<Door> doors = settings.workload().doors();
            settings.workload().prepare(cluster.patiently(), doors.size());
            for (int i = 0; i < doors.size(); i++) {
                clients.add(client(cluster, i + 1, doors.get(i), changed));
            }
            start = System.nanoTime();
            for (ClientProcess client : clients) {
                client.start();
            }
            for (ClientProcess client : clients) {
                client.awaitWork(WORK_SECONDS);
            }
            log.accept("clients work: " + settings.workload().about());
            var conductor = new Conductor(new Arena(cluster, clients, blackouts, clocks), log);
            conductor.start(settings.nemeses(), settings.seed());
            TimeUnit.MILLISECONDS.sleep(settings.duration().toMillis());
            conductor.stop();
            end = System.nanoTime();
            faults = conductor.faults();
            troubles.addAll(conductor.troubles());
            conclude(cluster);
        } finally {
            clients.forEach(ClientProcess::kill);
        }
        troubles.addAll(ServerLogs.bugs(layout));
        log.accept("the history is judged");
        History history =
                History.read(clients.stream().flatMap(each -> each.histories().stream()).toList());
        // Where every write is durable at once, a blackout excuses nothing.
        List<Long> excuses = settings.durabilityAlways() ? List.of() : List.copyOf(blackouts);
        Verdict verdict = settings.workload().judge(history, excuses);
        if (verdict.judged() == 0) {
            troubles.add("nothing was done");
        }
        return new Outcome(settings, start, end, history, faults, verdict, troubles);
    }

    /// Classes in place of the built ones; null: none.
    private @Nullable Path changed(Layout layout) throws IOException {
        if (settings.bug() == null && !settings.bendsClocks()) {
            return null;
        }
        Path changed = Files.createDirectories(layout.dir().resolve("changed"));
        if (settings.bug() != null) {
            Graft.compile(settings.bug(), settings.root(), changed);
        }
        if (settings.bendsClocks()) {
            Clocks.graft(settings.root(), changed);
        }
        return changed;
    }

    private ClientProcess client(ChaosCluster cluster, int index, Door door, @Nullable Path changed)
            throws IOException {
        var host = cluster.hosts().add("client" + index, Role.CLIENT);
        long seed = settings.seed() * 1_000 + index * 100L;
        return new ClientProcess(cluster, host, settings.workload(), index, door, seed, changed);
    }

    /// Everything is mended; the cluster gets well, the clients read what is there, the cluster is
    /// checked.
    private void conclude(ChaosCluster cluster) throws IOException {
        cluster.heal();
        for (ClientProcess client : clients) {
            client.resume();
            client.start();
        }
        log.accept("everything is mended");
        try {
            cluster.awaitHealthy(HEAL_PATIENCE);
            log.accept("the cluster is whole");
            for (ClientProcess client : clients) {
                client.rest(REST_SECONDS);
            }
            for (ClientProcess client : clients) {
                client.finish(FINISH_SECONDS);
            }
            log.accept("clients have read what is there");
            cluster.awaitClean(CHECK_PATIENCE);
            log.accept("check --deep: clean");
        } catch (IOException failed) {
            troubles.add(String.valueOf(failed.getMessage()));
        }
    }
}
