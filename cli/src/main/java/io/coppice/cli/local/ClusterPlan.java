package io.coppice.cli.local;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigUtil;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ServerSpec.Port;
import io.coppice.port.Entropy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// Who takes part in the cluster of a directory and on which ports: `D/etc/cluster.conf`. Made
/// once, so that a cluster has the same ports and the same id after every restart.
///
/// @param nbd `HOST:PORT` or `unix:PATH`, absolute
/// @param insecure everything travels in the clear
record ClusterPlan(
        String cluster,
        int replicas,
        int storesPerNode,
        String nbd,
        boolean insecure,
        List<ServerSpec> metadata,
        List<ServerSpec> nodes,
        ServerSpec gateway) {
    static final String NBD_DEFAULT = "127.0.0.1:10809";
    private static final int COUNT_DEFAULT = 3;
    private static final int NODES_MAX = 64;
    private static final int STORES_MAX = 16;

    /// The plan of the directory's cluster, or a new one, with what the options change about it.
    static ClusterPlan forDirectory(Layout layout, UpOptions options) {
        return layout.holdsCluster() ? read(layout).with(layout, options) : create(layout, options);
    }

    List<ServerSpec> servers() {
        List<ServerSpec> servers = new ArrayList<>(metadata);
        servers.addAll(nodes);
        servers.add(gateway);
        return servers;
    }

    List<String> endpoints() {
        return metadata.stream().map(server -> server.address("control")).toList();
    }

    /// As clients write it.
    String nbdUri() {
        return nbd.startsWith("unix:")
                ? "nbd+unix:///?socket=" + nbd.substring("unix:".length())
                : "nbd://" + nbd;
    }

    private static ClusterPlan create(Layout layout, UpOptions options) {
        int nodeCount = inRange("--nodes", options.nodes().orElse(COUNT_DEFAULT), 1, NODES_MAX);
        int metadataCount = options.metadata().orElse(COUNT_DEFAULT);
        if (metadataCount != 1 && metadataCount != 3 && metadataCount != 5) {
            throw usage("--metadata must be 1, 3 or 5, not " + metadataCount);
        }
        int replicaCount =
                inRange(
                        "--replicas",
                        options.replicas().orElse(Math.min(COUNT_DEFAULT, nodeCount)),
                        1,
                        7);
        if (replicaCount > nodeCount) {
            throw usage(
                    "--replicas " + replicaCount + " needs as many nodes: --nodes is " + nodeCount);
        }
        int stores = inRange("--stores-per-node", options.storesPerNode().orElse(1), 1, STORES_MAX);
        Ports ports = new Ports();
        ClusterPlan plan =
                assemble(
                        HexFormat.of().toHexDigits(Entropy.system().nextLong()),
                        replicaCount,
                        stores,
                        absolute(options.nbd().orElse(NBD_DEFAULT)),
                        options.insecure(),
                        metadataCount,
                        nodeCount,
                        (name, role) -> ports.free());
        requireEmpty(layout);
        return plan;
    }

    /// Data without a plan is somebody else's, or a cluster whose etc/ was lost: never start afresh
    /// over it.
    private static void requireEmpty(Layout layout) {
        Path data = layout.dir().resolve("data");
        try (var entries = Files.list(data)) {
            if (entries.findAny().isPresent()) {
                throw new CliException(
                        ExitCode.FAILED,
                        data
                                + " holds data but "
                                + layout.clusterConf()
                                + " is missing: restore that file, or choose another place with"
                                + " --dir");
            }
        } catch (IOException noData) {
            // A new directory.
        }
    }

    private interface PortOf {
        int port(String server, String role);
    }

    private static ClusterPlan assemble(
            String cluster,
            int replicas,
            int stores,
            String nbd,
            boolean insecure,
            int metadataCount,
            int nodeCount,
            PortOf port) {
        List<ServerSpec> metadata = new ArrayList<>();
        for (int i = 1; i <= metadataCount; i++) {
            metadata.add(server(ServerKind.METADATA, "meta" + i, port, "raft", "control", "http"));
        }
        List<ServerSpec> nodes = new ArrayList<>();
        for (int i = 1; i <= nodeCount; i++) {
            nodes.add(server(ServerKind.NODE, "node" + i, port, "data", "http"));
        }
        ServerSpec gateway = server(ServerKind.GATEWAY, "nbd", port, "http");
        return new ClusterPlan(cluster, replicas, stores, nbd, insecure, metadata, nodes, gateway);
    }

    private static ServerSpec server(ServerKind kind, String name, PortOf port, String... roles) {
        List<Port> ports = new ArrayList<>();
        for (String role : roles) {
            ports.add(new Port(role, Ports.HOST, port.port(name, role)));
        }
        return new ServerSpec(kind, name, ports);
    }

    /// What is asked for now has to fit what the directory holds; only the NBD address may change,
    /// and nodes may be added.
    private ClusterPlan with(Layout layout, UpOptions options) {
        requireSame(layout, "--metadata", options.metadata(), metadata.size());
        List<ServerSpec> grown = grown(layout, options);
        requireSame(layout, "--stores-per-node", options.storesPerNode(), storesPerNode);
        requireSame(layout, "--replicas", options.replicas(), replicas);
        if (options.insecure() && !insecure) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    layout.dir()
                            + " holds a cluster with certificates: leave --insecure out, or choose"
                            + " another place with --dir");
        }
        String wanted = options.nbd().map(ClusterPlan::absolute).orElse(nbd);
        return new ClusterPlan(
                cluster, replicas, storesPerNode, wanted, insecure, metadata, grown, gateway);
    }

    private List<ServerSpec> grown(Layout layout, UpOptions options) {
        int count = options.nodes().orElse(nodes.size());
        if (count <= nodes.size()) {
            requireSame(layout, "--nodes", options.nodes(), nodes.size());
            return nodes;
        }
        inRange("--nodes", count, 1, NODES_MAX);
        Ports ports = new Ports();
        List<ServerSpec> all = new ArrayList<>(nodes);
        while (all.size() < count) {
            String name = "node" + (all.size() + 1);
            all.add(server(ServerKind.NODE, name, (n, role) -> ports.free(), "data", "http"));
        }
        return all;
    }

    private static void requireSame(
            Layout layout, String option, Optional<Integer> wanted, int is) {
        if (wanted.isPresent() && wanted.get() != is) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    layout.dir()
                            + " holds a cluster with "
                            + option
                            + " "
                            + is
                            + ", not "
                            + wanted.get()
                            + ": leave the option out, or choose another place with --dir");
        }
    }

    private static ClusterPlan read(Layout layout) {
        Path file = layout.clusterConf();
        Config config = ConfigFiles.read(file);
        try {
            int format = config.getInt("format");
            if (format != 1) {
                throw new CliException(
                        ExitCode.FAILED,
                        layout.dir()
                                + " has format "
                                + format
                                + ", this program knows format 1: use the version of"
                                + " Coppice that wrote it");
            }
            return assemble(
                    config.getString("cluster"),
                    config.getInt("replicas"),
                    config.getInt("stores-per-node"),
                    config.getString("nbd"),
                    config.hasPath("insecure") && config.getBoolean("insecure"),
                    config.getInt("metadata"),
                    config.getInt("nodes"),
                    (name, role) -> config.getInt("ports." + name + "." + role));
        } catch (ConfigException wrong) {
            throw ConfigFiles.refused(file, wrong);
        }
    }

    void write(Layout layout) throws IOException {
        StringBuilder text =
                new StringBuilder(
                        """
                        # Written by the first `coppice up`. Ports may be changed while the
                        # cluster is down, together with those in the files of the servers;
                        # all else is fixed for the life of the cluster.
                        format = 1
                        """);
        text.append("cluster = \"").append(cluster).append("\"\n");
        text.append("metadata = ").append(metadata.size()).append('\n');
        text.append("nodes = ").append(nodes.size()).append('\n');
        text.append("stores-per-node = ").append(storesPerNode).append('\n');
        text.append("replicas = ").append(replicas).append('\n');
        text.append("nbd = ").append(ConfigUtil.quoteString(nbd)).append('\n');
        if (insecure) {
            text.append("insecure = true\n");
        }
        text.append("ports {\n");
        for (ServerSpec server : servers()) {
            text.append("  ").append(server.name()).append(" {");
            for (Port port : server.ports()) {
                text.append(' ').append(port.role()).append(" = ").append(port.number());
            }
            text.append(" }\n");
        }
        text.append("}\n");
        writeWhole(layout.clusterConf(), text.toString().replaceAll("(= \\d+) (?=[a-z])", "$1, "));
    }

    /// In one piece: a crash leaves the old file or the new one.
    static void writeWhole(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(temporary, text, StandardCharsets.UTF_8);
        Files.move(
                temporary,
                file,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private static String absolute(String nbd) {
        if (nbd.startsWith("unix:")) {
            String path = nbd.substring("unix:".length());
            if (path.isEmpty()) {
                throw usage("invalid NBD address '" + nbd + "': write HOST:PORT or unix:PATH");
            }
            return "unix:" + Path.of(path).toAbsolutePath().normalize();
        }
        int colon = nbd.lastIndexOf(':');
        if (colon <= 0
                || !nbd.substring(colon + 1).matches("[0-9]{1,5}")
                || Integer.parseInt(nbd.substring(colon + 1)) > 65_535) {
            throw usage("invalid NBD address '" + nbd + "': write HOST:PORT or unix:PATH");
        }
        if (Integer.parseInt(nbd.substring(colon + 1)) == 0) {
            throw usage("NBD address '" + nbd + "' has port 0: name the port, or a unix:PATH");
        }
        return nbd;
    }

    private static int inRange(String option, int value, int min, int max) {
        if (value < min || value > max) {
            throw usage(option + " must be " + min + " to " + max + ", not " + value);
        }
        return value;
    }

    private static CliException usage(String message) {
        return new CliException(ExitCode.USAGE, message);
    }
}
