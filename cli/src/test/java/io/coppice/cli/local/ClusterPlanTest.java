package io.coppice.cli.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.nbd.NbdTlsConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterPlanTest {
    @TempDir Path dir;

    private UpOptions options(Optional<Integer> nodes, Optional<String> nbd) {
        return new UpOptions(
                dir,
                Optional.empty(),
                nodes,
                Optional.empty(),
                Optional.empty(),
                nbd,
                false,
                Duration.ofHours(24),
                false,
                Duration.ofSeconds(1));
    }

    private ClusterPlan made() throws IOException {
        Layout layout = Layout.of(dir);
        layout.create();
        ClusterPlan plan =
                ClusterPlan.forDirectory(layout, options(Optional.empty(), Optional.empty()));
        plan.write(layout);
        return plan;
    }

    @Test
    void isTheSameAfterARestart() throws IOException {
        ClusterPlan plan = made();
        assertEquals(3, plan.metadata().size());
        assertEquals(3, plan.nodes().size());
        assertEquals(
                plan,
                ClusterPlan.forDirectory(
                        Layout.of(dir), options(Optional.empty(), Optional.empty())));
        assertEquals(16, plan.servers().stream().mapToInt(server -> server.ports().size()).sum());
        assertEquals(
                16,
                plan.servers().stream()
                        .flatMap(server -> server.ports().stream())
                        .map(ServerSpec.Port::number)
                        .distinct()
                        .count());
    }

    @Test
    void moreNodesAreAddedAndKeepTheirPorts() throws IOException {
        ClusterPlan plan = made();
        Layout layout = Layout.of(dir);
        ClusterPlan grown =
                ClusterPlan.forDirectory(layout, options(Optional.of(5), Optional.empty()));
        assertEquals(plan.nodes(), grown.nodes().subList(0, 3));
        assertEquals("node5", grown.nodes().getLast().name());
        grown.write(layout);
        assertEquals(
                grown,
                ClusterPlan.forDirectory(layout, options(Optional.empty(), Optional.empty())));
    }

    @Test
    void fewerNodesAreAConflict() throws IOException {
        made();
        CliException refused =
                assertThrows(
                        CliException.class,
                        () ->
                                ClusterPlan.forDirectory(
                                        Layout.of(dir), options(Optional.of(2), Optional.empty())));
        assertEquals(ExitCode.CONFLICT, refused.exitCode());
    }

    @Test
    void onlyTheNbdAddressMayChange() throws IOException {
        ClusterPlan plan = made();
        ClusterPlan moved =
                ClusterPlan.forDirectory(
                        Layout.of(dir), options(Optional.of(3), Optional.of("unix:/tmp/x.sock")));
        assertEquals("unix:/tmp/x.sock", moved.nbd());
        assertEquals("nbd+unix:///?socket=/tmp/x.sock", moved.nbdUri());
        assertEquals(plan.nodes(), moved.nodes());
    }

    @Test
    void anotherNbdAddressKeepsItsTls() throws IOException {
        ClusterPlan plan = made();
        Layout layout = Layout.of(dir);
        var tls =
                new NbdTlsConfig(
                        Optional.of(Path.of("/a folder")), Optional.of(Path.of("/k")), true, false);
        ServerFiles.write(layout, plan, false, Optional.empty(), Duration.ofSeconds(1));
        assertEquals(NbdTlsConfig.none(), tlsOf(layout, plan));
        ServerFiles.write(layout, plan, false, Optional.of(tls), Duration.ofSeconds(1));
        assertEquals(tls, tlsOf(layout, plan));
        ServerFiles.write(layout, plan, true, Optional.empty(), Duration.ofSeconds(1));
        assertEquals(tls, tlsOf(layout, plan));
    }

    private static NbdTlsConfig tlsOf(Layout layout, ClusterPlan plan) {
        return NbdGatewayConfig.fromHocon(ConfigFiles.read(layout.conf(plan.gateway().name())))
                .nbdTls();
    }

    @Test
    void dataWithoutAPlanIsNotOverwritten() throws IOException {
        Layout layout = Layout.of(dir);
        layout.create();
        Files.createDirectories(layout.data("node1"));
        CliException refused = assertThrows(CliException.class, this::made);
        assertTrue(refused.getMessage().contains("is missing"), refused.getMessage());
    }

    @Test
    void aDamagedPlanIsToldInOneLine() throws IOException {
        made();
        Path file = Layout.of(dir).clusterConf();
        Files.writeString(file, "cluster = { \n nodes = ");
        CliException refused =
                assertThrows(
                        CliException.class,
                        () ->
                                ClusterPlan.forDirectory(
                                        Layout.of(dir),
                                        options(Optional.empty(), Optional.empty())));
        assertEquals(ExitCode.FAILED, refused.exitCode());
        assertTrue(
                refused.getMessage().startsWith("bad configuration in " + file),
                refused.getMessage());
        assertEquals(1, refused.getMessage().lines().count());
    }

    @Test
    void aNewerFormatIsRefused() throws IOException {
        made();
        Path file = Layout.of(dir).clusterConf();
        Files.writeString(file, Files.readString(file).replace("format = 1", "format = 2"));
        CliException refused =
                assertThrows(
                        CliException.class,
                        () ->
                                ClusterPlan.forDirectory(
                                        Layout.of(dir),
                                        options(Optional.empty(), Optional.empty())));
        assertTrue(refused.getMessage().contains("format 2"), refused.getMessage());
    }

    @Test
    void aPortInUseIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName(Ports.HOST))) {
            CliException refused =
                    assertThrows(
                            CliException.class,
                            () ->
                                    Ports.requireFree(
                                            Ports.HOST,
                                            taken.getLocalPort(),
                                            "meta1, raft",
                                            "stop it"));
            assertEquals(
                    "port 127.0.0.1:" + taken.getLocalPort() + " (meta1, raft) is in use: stop it",
                    refused.getMessage());
        }
    }

    @Test
    void aPidFileWithoutALockIsStale() throws IOException {
        Path file = dir.resolve("x.pid");
        Files.writeString(file, ProcessHandle.current().pid() + "\n");
        assertEquals(Optional.empty(), PidFile.owner(file));
        assertEquals(Optional.empty(), PidFile.owner(dir.resolve("none.pid")));
        try (PidFile claimed = PidFile.claim(file).orElseThrow()) {
            assertEquals(Optional.empty(), PidFile.claim(file).map(Object::toString));
            assertEquals(ProcessHandle.current().pid() + "\n", Files.readString(file));
        }
        assertTrue(Files.notExists(file));
    }
}
