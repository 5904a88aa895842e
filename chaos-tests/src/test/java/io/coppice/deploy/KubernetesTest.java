package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.deploy.Deployed.Node;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The manifests, by what has to fit together in them: an API server checks the fields, but that a
/// selector finds nothing, or a probe a port that nobody opens, it takes as it is.
class KubernetesTest {
    private static final Map<String, String> KINDS =
            Map.of(
                    "Namespace", "v1",
                    "ConfigMap", "v1",
                    "Service", "v1",
                    "PodDisruptionBudget", "policy/v1",
                    "StatefulSet", "apps/v1",
                    "Deployment", "apps/v1",
                    "Job", "batch/v1",
                    "NetworkPolicy", "networking.k8s.io/v1");
    private static final Map<String, String> FIELDS =
            Map.of(
                    "metadata.name", "metadata-0",
                    "spec.nodeName", "machine-1",
                    "status.podIP", "10.1.2.3");

    private static List<Node> all() {
        return Deployed.yaml("kubernetes/coppice.yaml");
    }

    private static List<Node> kind(String... kinds) {
        Set<String> wanted = Set.of(kinds);
        return all().stream().filter(it -> wanted.contains(it.at("kind").text())).toList();
    }

    private static List<Node> workloads() {
        return kind("StatefulSet", "Deployment", "Job");
    }

    private static Node pod(Node workload) {
        return workload.at("spec", "template", "spec");
    }

    private static Node container(Node workload) {
        return pod(workload).at("containers").list().getFirst();
    }

    private static Map<?, ?> podLabels(Node workload) {
        return workload.at("spec", "template", "metadata", "labels").map();
    }

    private static Map<String, Integer> containerPorts(Node workload) {
        var ports = new TreeMap<String, Integer>();
        container(workload)
                .list("ports")
                .forEach(port ->
                        ports.put(port.at("name").text(), port.at("containerPort").number()));
        return ports;
    }

    /// Workloads whose pods have all the labels of a selector.
    private static List<Node> selected(Node selector) {
        return workloads().stream()
                .filter(workload ->
                        podLabels(workload).entrySet().containsAll(selector.map().entrySet()))
                .toList();
    }

    private static List<ServerFile> server(Node workload) throws Exception {
        List<String> args = container(workload).at("args").texts();
        if (!args.getFirst().equals("server")) {
            return List.of();
        }
        String file = args.get(3);
        assertTrue(file.startsWith("/etc/coppice/"), file);
        Node config = kind("ConfigMap").getFirst().at("data", file.substring(13));
        return List.of(ServerFile.read(args.get(1), config.text(), environment(workload)));
    }

    private static Map<String, String> environment(Node workload) {
        var environment = new TreeMap<String, String>();
        for (Node variable : container(workload).list("env")) {
            String field = variable.at("valueFrom", "fieldRef", "fieldPath").text();
            environment.put(
                    variable.at("name").text(),
                    Objects.requireNonNull(FIELDS.get(field), () -> "no pod has " + field));
        }
        return environment;
    }

    @Test
    void everyObjectIsOfAKnownKindAndInTheNamespace() {
        var names = new HashSet<String>();
        for (Node object : all()) {
            String kind = object.at("kind").text();
            assertEquals(KINDS.get(kind), object.at("apiVersion").text(), kind);
            String name = object.at("metadata", "name").text();
            assertTrue(name.matches("[a-z]([a-z0-9-]*[a-z0-9])?"), name);
            assertTrue(names.add(kind + "/" + name), () -> kind + "/" + name + " stands twice");
            if (!kind.equals("Namespace")) {
                assertEquals("coppice", object.at("metadata", "namespace").text(), name);
            }
        }
    }

    @Test
    void selectorsFindWhatTheyAreFor() {
        for (Node workload : kind("StatefulSet", "Deployment")) {
            assertEquals(
                    List.of(workload),
                    selected(workload.at("spec", "selector", "matchLabels")),
                    workload.path());
        }
        for (Node service : kind("Service")) {
            assertEquals(1, selected(service.at("spec", "selector")).size(), service.path());
        }
        for (Node budget : kind("PodDisruptionBudget")) {
            List<Node> found = selected(budget.at("spec", "selector", "matchLabels"));
            assertEquals(1, found.size(), budget.path());
            assertEquals(1, budget.at("spec", "maxUnavailable").number(), "a majority stays");
        }
        for (Node policy : kind("NetworkPolicy")) {
            Node selector = policy.at("spec", "podSelector");
            if (selector.has("matchLabels")) {
                assertEquals(1, selected(selector.at("matchLabels")).size(), policy.path());
            }
        }
    }

    @Test
    void everyServerOfTheQuorumAndEveryNodeHasABudgetAndAMachineOfItsOwn() {
        for (Node set : kind("StatefulSet")) {
            assertEquals(3, set.at("spec", "replicas").number());
            assertTrue(
                    kind("PodDisruptionBudget").stream()
                            .anyMatch(budget ->
                                    selected(budget.at("spec", "selector", "matchLabels"))
                                            .contains(set)),
                    set.path());
            Node rule =
                    pod(set).at(
                                    "affinity",
                                    "podAntiAffinity",
                                    "requiredDuringSchedulingIgnoredDuringExecution")
                            .list()
                            .getFirst();
            assertEquals("kubernetes.io/hostname", rule.at("topologyKey").text());
            assertEquals(List.of(set), selected(rule.at("labelSelector", "matchLabels")));
        }
    }

    @Test
    void portsAreThoseThatTheServersOpen() throws Exception {
        for (Node workload : workloads()) {
            for (ServerFile server : server(workload)) {
                assertEquals(server.ports(), containerPorts(workload), workload.path());
            }
        }
        for (Node service : kind("Service")) {
            Map<String, Integer> open =
                    containerPorts(selected(service.at("spec", "selector")).getFirst());
            for (Node port : service.at("spec", "ports").list()) {
                assertEquals(
                        open.get(port.at("targetPort").text()),
                        port.at("port").number(),
                        "clients use the ports that the configurations name: " + port.path());
            }
        }
        Set<Integer> opened = new TreeSet<>();
        workloads().forEach(workload -> opened.addAll(containerPorts(workload).values()));
        for (Node policy : kind("NetworkPolicy")) {
            for (Node rule : policy.at("spec", "ingress").list()) {
                rule.list("ports")
                        .forEach(port -> assertTrue(opened.contains(port.at("port").number())));
            }
        }
    }

    @Test
    void probesAskWhatTheServersAnswer() throws Exception {
        for (Node workload : workloads()) {
            if (server(workload).isEmpty()) {
                continue;
            }
            Map<String, String> probes =
                    Map.of(
                            "startupProbe", "/health/live",
                            "livenessProbe", "/health/live",
                            "readinessProbe", "/health/ready");
            probes.forEach((probe, path) -> {
                Node get = container(workload).at(probe, "httpGet");
                assertEquals(path, get.at("path").text(), get.path());
                assertEquals("http", get.at("port").text(), get.path());
            });
            assertTrue(containerPorts(workload).containsKey("http"), workload.path());
        }
    }

    /// `POD.SERVICE.NAMESPACE.svc`, as a StatefulSet with a headless service names its pods.
    @Test
    void serversFindTheQuorum() throws Exception {
        var control = new HashSet<Set<String>>();
        for (Node workload : workloads()) {
            for (ServerFile server : server(workload)) {
                control.add(new TreeSet<>(server.control()));
            }
        }
        String endpoints =
                container(kind("Job").getFirst()).at("args").texts().stream()
                        .filter(argument -> argument.startsWith("--endpoint="))
                        .findFirst()
                        .orElseThrow();
        control.add(new TreeSet<>(List.of(endpoints.substring(11).split(","))));
        Node quorum =
                kind("StatefulSet").stream()
                        .filter(set -> set.at("metadata", "name").text().equals("metadata"))
                        .findFirst()
                        .orElseThrow();
        String service = quorum.at("spec", "serviceName").text();
        assertTrue(
                kind("Service").stream()
                        .filter(it -> it.at("metadata", "name").text().equals(service))
                        .anyMatch(it -> it.at("spec", "clusterIP").text().equals("None")),
                service);
        var expected = new TreeSet<String>();
        for (int i = 0; i < quorum.at("spec", "replicas").number(); i++) {
            expected.add("metadata-" + i + "." + service + ".coppice.svc:7002");
        }
        assertEquals(Set.of(expected), control);
    }

    @Test
    void whatIsMountedIsThereAndWhatIsKeptIsClaimed() throws Exception {
        for (Node workload : workloads()) {
            Set<String> volumes = new TreeSet<>();
            pod(workload).list("volumes").forEach(volume -> volumes.add(volume.at("name").text()));
            Set<String> claims = new TreeSet<>();
            workload.at("spec")
                    .list("volumeClaimTemplates")
                    .forEach(claim -> claims.add(claim.at("metadata", "name").text()));
            Map<String, String> mounts = new TreeMap<>();
            for (Node mount : container(workload).list("volumeMounts")) {
                String name = mount.at("name").text();
                assertTrue(volumes.contains(name) || claims.contains(name), mount.path());
                mounts.put(mount.at("mountPath").text(), name);
            }
            assertTrue(mounts.containsKey("/tmp"), "native libraries are unpacked there");
            for (ServerFile server : server(workload)) {
                assertTrue(mounts.containsKey("/etc/coppice"), workload.path());
                assertTrue(mounts.containsKey("/etc/coppice-tls"), workload.path());
                assertTrue(server.tls().startsWith("/etc/coppice-tls"), server.tls());
                for (String place : server.places()) {
                    assertTrue(
                            claims.contains(mounts.get("/var/lib/coppice"))
                                    && place.startsWith("/var/lib/coppice/"),
                            () -> workload.path() + " loses " + place);
                }
            }
        }
    }

    /// What the profile `restricted` of the namespace's label asks for.
    @Test
    void podsAreRestricted() {
        for (Node workload : workloads()) {
            Node pod = pod(workload);
            assertEquals("true", pod.at("securityContext", "runAsNonRoot").text());
            assertEquals(
                    "RuntimeDefault", pod.at("securityContext", "seccompProfile", "type").text());
            assertEquals("false", pod.at("automountServiceAccountToken").text());
            Node own = container(workload).at("securityContext");
            assertEquals("false", own.at("allowPrivilegeEscalation").text());
            assertEquals("true", own.at("readOnlyRootFilesystem").text());
            assertEquals(List.of("ALL"), own.at("capabilities", "drop").texts());
            assertFalse(container(workload).at("image").text().contains("/"), "of no registry");
            Stream.of("requests", "limits")
                    .forEach(what -> container(workload).at("resources", what, "memory").text());
        }
    }
}
