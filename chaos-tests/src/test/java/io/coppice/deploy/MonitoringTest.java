package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import io.coppice.cli.local.LocalCluster;
import io.coppice.cli.local.UpOptions;
import io.coppice.deploy.Deployed.Node;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Rules and dashboard: `promtool` reads them, the servers export what they name, the handbook
/// explains them.
@Timeout(300)
class MonitoringTest {
    private static final Path PROMETHEUS = Deployed.file("prometheus");
    private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-zA-Z_:][\\w:]*)[{ ]");

    /// A store has its numbers once the cluster has given it one.
    private static final String LAST_TO_COME = "node_store_used_bytes";

    @TempDir Path dir;

    @Test
    void promtoolAcceptsThem() throws Exception {
        Tool.run(PROMETHEUS, "promtool", "check", "rules", "rules.yml");
        Tool.run(PROMETHEUS, "promtool", "check", "config", "prometheus.yml");
        Tool.run(PROMETHEUS, "promtool", "check", "config", "kubernetes.yml");
        Tool.run(PROMETHEUS, "promtool", "test", "rules", "rules.test.yml");
    }

    @Test
    void serversExportWhatTheyName() throws Exception {
        Map<String, Set<String>> named = new TreeMap<>();
        expressions().forEach((where, text) -> named.put(where, Expression.metrics(text)));
        assertTrue(named.values().stream().noneMatch(Set::isEmpty), named::toString);

        Set<String> exported = exported();
        exported.add("up"); // Prometheus' own
        var missing = new ArrayList<String>();
        named.forEach((where, metrics) ->
                metrics.stream()
                        .filter(metric -> !exported.contains(metric))
                        .forEach(metric -> missing.add(where + ": " + metric)));
        assertEquals(List.of(), missing, () -> "not among " + exported);
    }

    @Test
    void metricsAreFoundInExpressions() {
        assertEquals(
                Set.of("a_total", "b", "c_count"),
                Expression.metrics(
                        "sum by (d) (rate(a_total{e=\"f\"}[5m])) / on(g) b > 2 and ignoring(h) c_count"));
        assertEquals(
                Set.of("up"), Expression.metrics("count(up{job=~\"x-.*\"} == 0) or vector(0)"));
    }

    @Test
    void everyAlertIsExplained() {
        String handbook = Deployed.text(Deployed.ROOT.resolve("docs/handbook.md"));
        for (Node alert : alerts()) {
            String name = alert.at("alert").text();
            boolean page = alert.at("labels", "severity").text().equals("page");
            String row = "\n| " + name + (page ? " (page) |" : " |");
            assertTrue(handbook.contains(row), "docs/handbook.md has no row" + row);
            assertFalse(alert.at("annotations", "summary").text().isBlank(), name);
        }
        long rows = Pattern.compile("(?m)^\\| Coppice\\w+").matcher(handbook).results().count();
        assertEquals(alerts().size(), rows, "alerts that docs/handbook.md explains");
    }

    @Test
    void panelsDoNotOverlap() {
        var taken = new TreeSet<String>();
        var ids = new TreeSet<Integer>();
        for (Node panel : dashboard().at("panels").list()) {
            Node place = panel.at("gridPos");
            int right = whole(place, "x") + whole(place, "w");
            int bottom = whole(place, "y") + whole(place, "h");
            assertTrue(right <= 24, panel.path());
            assertTrue(ids.add(whole(panel, "id")), panel.path() + " has the id of another");
            for (int x = whole(place, "x"); x < right; x++) {
                for (int y = whole(place, "y"); y < bottom; y++) {
                    assertTrue(taken.add(x + "," + y), panel.path() + " lies on another");
                }
            }
        }
    }

    /// Gson reads numbers as `double`.
    private static int whole(Node of, String key) {
        return (int) Double.parseDouble(of.at(key).text());
    }

    private static List<Node> alerts() {
        return Deployed.yaml("prometheus/rules.yml").getFirst().at("groups").list().stream()
                .flatMap(group -> group.at("rules").list().stream())
                .toList();
    }

    private static Node dashboard() {
        Object tree =
                new Gson()
                        .fromJson(
                                Deployed.text(Deployed.file("grafana/coppice.json")), Object.class);
        return new Node("coppice.json", tree);
    }

    /// Where it stands -> the expression.
    private static Map<String, String> expressions() {
        var expressions = new TreeMap<String, String>();
        for (Node alert : alerts()) {
            expressions.put("alert " + alert.at("alert").text(), alert.at("expr").text());
        }
        for (Node panel : dashboard().at("panels").list()) {
            for (Node target : panel.at("targets").list()) {
                expressions.put(
                        "panel " + panel.at("title").text() + " " + target.at("refId").text(),
                        target.at("expr").text());
            }
        }
        return expressions;
    }

    // ---------------------------------------------------------------- the servers

    private Set<String> exported() throws Exception {
        var options =
                new UpOptions(
                        dir.resolve("c"),
                        Optional.of(1),
                        Optional.empty(),
                        Optional.of(2),
                        Optional.empty(),
                        Optional.of("unix:" + dir.resolve("nbd.sock")),
                        false,
                        Duration.ofHours(1),
                        false,
                        Duration.ofMinutes(2));
        try (var cluster = LocalCluster.claim(options);
                var http = HttpClient.newHttpClient()) {
            cluster.start();
            var all = new TreeSet<String>();
            while (!all.contains(LAST_TO_COME)) {
                for (String address : cluster.file().http().values()) {
                    var request =
                            HttpRequest.newBuilder(URI.create("http://" + address + "/metrics"));
                    String text = http.send(request.build(), BodyHandlers.ofString()).body();
                    SAMPLE.matcher(text).results().forEach(found -> all.add(found.group(1)));
                }
            }
            return all;
        }
    }
}
