package io.coppice.cli.local;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `D/run/cluster.json`: a cluster that serves, and where.
///
/// @param cluster id of the cluster
/// @param endpoints control addresses of the metadata servers
/// @param nbd where volumes are served: `nbd://HOST:PORT`, or `nbd+unix:///?socket=PATH`
/// @param identity credentials directory of its administrator; empty: it has no certificates
/// @param separate every server is a process of its own
/// @param pid of the process that wrote it
/// @param http name of each server -> address of its metrics and health
public record ClusterFile(
        String cluster,
        List<String> endpoints,
        String nbd,
        String identity,
        boolean separate,
        long pid,
        Map<String, String> http) {

    /// The cluster of a directory, when one serves (or served until it was killed).
    public static Optional<ClusterFile> find(Path dir) {
        Path file = Layout.of(dir).clusterJson();
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Config config = ConfigFiles.read(file);
        try {
            Map<String, String> http = new LinkedHashMap<>();
            config.getConfig("http")
                    .root()
                    .forEach((name, address) -> http.put(name, address.unwrapped().toString()));
            return Optional.of(
                    new ClusterFile(
                            config.getString("cluster"),
                            config.getStringList("endpoints"),
                            config.getString("nbd"),
                            config.hasPath("identity") ? config.getString("identity") : "",
                            config.getBoolean("separate"),
                            config.getLong("pid"),
                            http));
        } catch (ConfigException wrong) {
            throw ConfigFiles.refused(file, wrong);
        }
    }

    /// In one piece: readers see all of it or nothing.
    void write(Layout layout) throws IOException {
        var text =
                ConfigValueFactory.fromMap(
                                Map.of(
                                        "cluster", cluster,
                                        "endpoints", endpoints,
                                        "nbd", nbd,
                                        "identity", identity,
                                        "separate", separate,
                                        "pid", pid,
                                        "http", http))
                        .render(ConfigRenderOptions.concise().setFormatted(true));
        Path temporary = layout.clusterJson().resolveSibling("cluster.json.tmp");
        Files.writeString(temporary, text + "\n", StandardCharsets.UTF_8);
        Files.move(temporary, layout.clusterJson(), StandardCopyOption.ATOMIC_MOVE);
    }
}
