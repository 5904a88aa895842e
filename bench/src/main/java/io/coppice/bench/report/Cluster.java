package io.coppice.bench.report;

import io.coppice.client.BlockDevice;
import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.client.DeviceException;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.SnapshotName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/// A fresh cluster with every server a process of its own, as `coppice up --separate` makes it, and
/// one client of it in this process. Holds the volume that both doors are measured on.
final class Cluster implements AutoCloseable {
    static final String VOLUME = "base";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration LET_GO = Duration.ofSeconds(10);
    private static final long LET_GO_LOOK_NANOS = 50_000_000;
    private static final Duration SETTLE = Duration.ofMillis(1500);
    private static final int SETTLE_LOOKS = 10;

    private final String launcher;
    private final Commands commands;
    private final Path dir;
    private final double startSeconds;
    private final CoppiceClient client;
    private int names;

    /// @param launcher path of `coppice`
    /// @param commands of an empty folder
    Cluster(String launcher, Commands commands, Durability durability) throws IOException {
        this.launcher = launcher;
        this.commands = commands;
        this.dir = commands.dir().resolve(".coppice");
        cli("--version"); // builds what is missing, so that the start below is a start
        // In the clear, as what it is compared with.
        var up =
                new ArrayList<>(
                        List.of(
                                "up",
                                "--separate",
                                "--detach",
                                "--insecure",
                                "--nbd",
                                "unix:" + socket()));
        if (durability == Durability.ALWAYS) {
            up.add("--durability-always");
        }
        long start = System.nanoTime();
        try {
            cli(up.toArray(String[]::new));
            startSeconds = (System.nanoTime() - start) / 1e9;
            client = CoppiceClient.connect(ClientConfig.defaults(endpoints(), "bench"));
        } catch (IOException | RuntimeException failed) {
            down();
            throw failed;
        }
    }

    /// From nothing to serving, as the command's caller waits for it.
    double startSeconds() {
        return startSeconds;
    }

    CoppiceClient client() {
        return client;
    }

    /// The volume that both doors are measured on, as soon as the other door has let go of it: the
    /// gateway detaches after its client has gone.
    BlockDevice openVolume() throws IOException {
        long end = System.nanoTime() + LET_GO.toNanos();
        while (true) {
            try {
                return client.open(VOLUME);
            } catch (DeviceException refused) {
                if (refused.reason() != DeviceException.Reason.IN_USE || System.nanoTime() > end) {
                    throw refused;
                }
                LockSupport.parkNanos(LET_GO_LOOK_NANOS);
            }
        }
    }

    Commands commands() {
        return commands;
    }

    /// Names of the servers and their process ids.
    Map<String, Long> servers() throws IOException {
        var pids = new TreeMap<String, Long>();
        try (var files = Files.list(dir.resolve("run"))) {
            for (Path file : files.filter(file -> file.toString().endsWith(".pid")).toList()) {
                String name = file.getFileName().toString().replace(".pid", "");
                pids.put(name, Long.parseLong(Files.readString(file).strip().split("\\s+")[0]));
            }
        }
        return pids;
    }

    /// What fio opens.
    String uri(String volume) {
        return "nbd+unix:///" + volume + "?socket=" + socket();
    }

    String fresh(String kind) {
        return kind + "-" + ++names;
    }

    void createVolume(String name, long bytes) throws IOException {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(CreateVolume.newBuilder().setName(name).setSize(bytes)));
    }

    void snapshot(String volume, String snapshot) throws IOException {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateSnapshots(
                                CreateSnapshots.newBuilder()
                                        .addSnapshots(
                                                SnapshotName.newBuilder()
                                                        .setVolume(volume)
                                                        .setSnapshot(snapshot))));
    }

    /// @param snapshot empty: of the volume as it is
    void cloneOf(String volume, String snapshot, String name) throws IOException {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateClones(
                                CreateClones.newBuilder()
                                        .setVolume(volume)
                                        .setSnapshot(snapshot)
                                        .addNames(name)));
    }

    /// `coppice volume ls`, and nothing of what it says.
    void list() throws IOException {
        cli("volume", "ls", "-o", "json");
    }

    void delete(String volume) throws IOException {
        execute(
                ExecuteRequest.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setName(volume).setNow(true)));
    }

    /// `coppice usage -o json`, once the nodes have reported what they hold by now.
    Json usage() throws IOException {
        Json usage = Json.parse(cli("usage", "-o", "json"));
        for (int look = 0; look < SETTLE_LOOKS; look++) {
            Commands.pause(SETTLE);
            Json next = Json.parse(cli("usage", "-o", "json"));
            if (next.get("raw_bytes").equals(usage.get("raw_bytes"))) {
                return next;
            }
            usage = next;
        }
        return usage;
    }

    @Override
    public void close() throws IOException {
        client.close();
        down();
    }

    private Path socket() {
        return commands.dir().resolve("nbd.sock");
    }

    private List<String> endpoints() throws IOException {
        Path file = dir.resolve("run").resolve("cluster.json");
        return Json.parse(Files.readString(file)).get("endpoints").elements().stream()
                .map(Json::text)
                .toList();
    }

    private String cli(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(launcher));
        command.addAll(List.of(arguments));
        return commands.run(PATIENCE, command);
    }

    private void down() throws IOException {
        if (Files.exists(dir)) {
            cli("down");
        }
    }

    private void execute(ExecuteRequest.Builder command) throws IOException {
        try {
            client.control().execute(command);
        } catch (ControlException refused) {
            throw new IOException(refused.getMessage(), refused);
        }
    }
}
