package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.deploy.Deployed.Node;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The compose file and the container file, by their structure: what runs them is not asked.
class ContainerTest {
    private static final Path FOLDER = Deployed.file("container");
    private static final String CONFIG_FOLDER = "/etc/coppice/";

    private static Map<String, Node> services() {
        Node services = Deployed.yaml("container/compose.yaml").getFirst().at("services");
        var named = new TreeMap<String, Node>();
        services.keys().forEach(name -> named.put(name, services.at(name)));
        return named;
    }

    /// The server of a service; empty for one that is none.
    private static List<ServerFile> server(Node service) throws Exception {
        List<String> command = service.at("command").texts();
        if (!command.getFirst().equals("server")) {
            return List.of();
        }
        assertEquals("--config", command.get(2), service.path());
        String inside = command.get(3);
        assertTrue(
                service.at("volumes").texts().contains("./conf:/etc/coppice:ro"), service.path());
        Path file = FOLDER.resolve("conf").resolve(inside.substring(CONFIG_FOLDER.length()));
        var environment = new TreeMap<String, String>();
        if (service.has("environment")) {
            Node variables = service.at("environment");
            variables.keys().forEach(name -> environment.put(name, variables.at(name).text()));
        }
        return List.of(ServerFile.read(command.get(1), Deployed.text(file), environment));
    }

    @Test
    void servicesAreThreeQuorumServersThreeNodesAndAGateway() throws Exception {
        var kinds = new TreeMap<String, Integer>();
        for (Map.Entry<String, Node> service : services().entrySet()) {
            for (ServerFile server : server(service.getValue())) {
                kinds.merge(server.kind(), 1, Integer::sum);
                if (!server.kind().equals("gateway")) {
                    assertEquals(service.getKey(), server.name());
                }
            }
        }
        assertEquals(Map.of("metadata", 3, "node", 3, "gateway", 1), kinds);
    }

    /// Names of services are names of hosts.
    @Test
    void serversFindOneAnother() throws Exception {
        Map<String, Node> services = services();
        var control = new HashSet<Set<String>>();
        for (Node service : services.values()) {
            for (ServerFile server : server(service)) {
                control.add(new TreeSet<>(server.control()));
            }
        }
        control.add(
                new TreeSet<>(List.of(option(service(services, "init"), "--endpoint").split(","))));
        assertEquals(1, control.size(), () -> "they name different quorums: " + control);
        for (String address : control.iterator().next()) {
            String host = address.substring(0, address.indexOf(':'));
            ServerFile meta = server(service(services, host)).getFirst();
            assertEquals(
                    meta.ports().get("control"),
                    Integer.valueOf(address.substring(address.indexOf(':') + 1)));
        }
    }

    @Test
    void healthIsAskedAtTheServersOwnPort() throws Exception {
        for (Node service : services().values()) {
            for (ServerFile server : server(service)) {
                String asked = String.join(" ", service.at("healthcheck", "test").texts());
                assertTrue(
                        asked.contains("/dev/tcp/127.0.0.1/" + server.ports().get("http") + " ")
                                && asked.contains("GET /health/ready "),
                        asked);
            }
        }
    }

    @Test
    void whatTheyKeepLiesInAVolumeOfTheirOwn() throws Exception {
        Set<String> volumes =
                new TreeSet<>(
                        Deployed.yaml("container/compose.yaml").getFirst().at("volumes").keys());
        var used = new TreeSet<>(Set.of("tls"));
        for (Map.Entry<String, Node> service : services().entrySet()) {
            for (ServerFile server : server(service.getValue())) {
                if (server.places().isEmpty()) {
                    continue;
                }
                server.places().forEach(place -> assertTrue(place.startsWith("/var/lib/coppice/")));
                String mount = service.getKey() + ":/var/lib/coppice";
                assertTrue(service.getValue().at("volumes").texts().contains(mount), mount);
                used.add(service.getKey());
            }
        }
        assertEquals(used, volumes);
    }

    @Test
    void everybodyHasACertificateUnderItsName() throws Exception {
        String script = service(services(), "certificates").at("command").list().getFirst().text();
        for (Map.Entry<String, Node> service : services().entrySet()) {
            for (ServerFile server : server(service.getValue())) {
                String name = server.kind().equals("gateway") ? "gateway" : server.name();
                assertEquals("/etc/coppice-tls/" + name, server.tls());
                assertTrue(script.contains(name), name);
                assertTrue(
                        service.getValue()
                                .at("volumes")
                                .texts()
                                .contains("tls:/etc/coppice-tls:ro"),
                        name);
            }
        }
        assertEquals("/etc/coppice-tls/admin", option(service(services(), "init"), "--identity"));
    }

    @Test
    void theyMayLittle() {
        for (Node service : services().values()) {
            assertEquals("true", service.at("read_only").text());
            assertEquals(List.of("ALL"), service.at("cap_drop").texts());
            assertEquals(List.of("no-new-privileges:true"), service.at("security_opt").texts());
            service.list("ports")
                    .forEach(port -> assertTrue(port.text().startsWith("127.0.0.1:"), port.path()));
            for (Node other : service.list("depends_on")) {
                assertTrue(services().containsKey(other.text()), other.path());
            }
        }
    }

    @Test
    void theImageIsBuiltFromWhatIsThere() {
        String file = Deployed.text(FOLDER.resolve("Containerfile"));
        Stream<String> copied =
                Pattern.compile("(?m)^COPY --from=build /opt/coppice/(\\S+) /opt/coppice/(\\S+)$")
                        .matcher(file)
                        .results()
                        .peek(found -> assertEquals(found.group(1), found.group(2)))
                        .map(found -> found.group(1));
        assertEquals(List.of("coppice", "cli/target/app"), copied.toList());
        assertTrue(Files.isExecutable(Deployed.ROOT.resolve("coppice")));
        assertTrue(file.contains("\nENTRYPOINT [\"/opt/coppice/coppice\"]\n"), "the entry point");
        assertTrue(file.contains("\nENV COPPICE_BUILD=no\n"), "nothing is built when it runs");
        assertFalse(
                Pattern.compile("(?m)^FROM \\S*/").matcher(file).find(), "names of no registry");
        assertTrue(
                Deployed.text(Deployed.ROOT.resolve("coppice")).contains("target=$root/cli/target"),
                "where the launcher keeps what it built");
    }

    private static Node service(Map<String, Node> services, String name) {
        return Objects.requireNonNull(services.get(name), name);
    }

    private static String option(Node service, String option) {
        List<String> command = service.at("command").texts();
        return command.get(command.indexOf(option) + 1);
    }
}
