package io.coppice.cli.local;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import io.coppice.nbd.NbdTlsConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// `D/etc/NAME.conf`: what every server of a one-machine cluster is told. Written when they are
/// missing; afterwards they belong to the user. Only the gateway's is written anew when the NBD
/// address or its TLS changes, and files from before there were certificates are told where those
/// lie.
final class ServerFiles {
    private static final String HEADER =
            """
            # Written by `coppice up`, once; yours to edit. `log { root = debug }` makes it talk.
            """;

    private ServerFiles() {}

    static void write(
            Layout layout,
            ClusterPlan plan,
            boolean nbdChanged,
            Optional<NbdTlsConfig> nbdTls,
            Duration repairAfter)
            throws IOException {
        for (ServerSpec server : plan.metadata()) {
            writeMissing(
                    layout.conf(server.name()),
                    metadata(layout, plan, server, repairAfter),
                    security(layout, plan, server));
        }
        for (ServerSpec server : plan.nodes()) {
            writeMissing(
                    layout.conf(server.name()),
                    node(layout, plan, server),
                    security(layout, plan, server));
        }
        Path gateway = layout.conf(plan.gateway().name());
        NbdTlsConfig tls = nbdTls.orElseGet(() -> tlsOf(gateway));
        if (nbdChanged || nbdTls.isPresent()) {
            Files.deleteIfExists(gateway);
        }
        writeMissing(gateway, gateway(layout, plan, tls), security(layout, plan, plan.gateway()));
    }

    /// Another address is no reason to talk in the clear from now on.
    private static NbdTlsConfig tlsOf(Path gateway) {
        if (!Files.exists(gateway)) {
            return NbdTlsConfig.none();
        }
        Config written = ConfigFiles.read(gateway);
        return written.hasPath("nbd-tls")
                ? NbdTlsConfig.fromHocon(written.getConfig("nbd-tls"))
                : NbdTlsConfig.none();
    }

    private static void writeMissing(Path file, String text, String security) throws IOException {
        if (!Files.exists(file)) {
            ClusterPlan.writeWhole(file, HEADER + text + security);
            return;
        }
        Config written = ConfigFiles.read(file);
        if (!written.hasPath("tls.dir") && !written.hasPath("insecure")) {
            ClusterPlan.writeWhole(file, Files.readString(file) + "\n" + security);
        }
    }

    private static String security(Layout layout, ClusterPlan plan, ServerSpec server) {
        return plan.insecure()
                ? "insecure = true\n"
                : "tls { dir = " + quote(layout.tls(server.name())) + " }\n";
    }

    private static String metadata(
            Layout layout, ClusterPlan plan, ServerSpec server, Duration repairAfter) {
        return "id = "
                + quote(server.name())
                + "\n"
                + "cluster = "
                + quote(plan.cluster())
                + "\n"
                + "dir = "
                + quote(layout.data(server.name()))
                + "\n"
                + "raft { listen = "
                + quote(server.address("raft"))
                + ", peers "
                + peers(plan, "raft")
                + " }\n"
                + "control { listen = "
                + quote(server.address("control"))
                + ", peers "
                + peers(plan, "control")
                + " }\n"
                + "http { listen = "
                + quote(server.address("http"))
                + " }\n"
                + "repair { after = "
                + repairAfter.toMillis()
                + "ms }\n";
    }

    private static String peers(ClusterPlan plan, String role) {
        return plan.metadata().stream()
                .map(server -> server.name() + " = " + quote(server.address(role)))
                .collect(Collectors.joining(", ", "{ ", " }"));
    }

    private static String node(Layout layout, ClusterPlan plan, ServerSpec server) {
        List<String> stores = new java.util.ArrayList<>();
        for (int i = 1; i <= plan.storesPerNode(); i++) {
            stores.add(quote(layout.data(server.name()).resolve("store" + i)));
        }
        return "node {\n"
                + "  name = "
                + quote(server.name())
                + "\n"
                + "  rack = \"\"\n"
                + "  stores = ["
                + String.join(", ", stores)
                + "]\n"
                + "  data = "
                + quote(server.address("data"))
                + "\n"
                + "  http = "
                + quote(server.address("http"))
                + "\n"
                + "  control = "
                + endpoints(plan)
                + "\n"
                + "}\n";
    }

    private static String gateway(Layout layout, ClusterPlan plan, NbdTlsConfig tls) {
        return "listen = ["
                + quote(plan.nbd())
                + "]\n"
                + "http-address = "
                + quote(plan.gateway().address("http"))
                + "\n"
                + "control-endpoints = "
                + endpoints(plan)
                + "\n"
                + "exports = []\n"
                + "keys { dir = "
                + quote(layout.dir().resolve("keys"))
                + " }\n"
                + tls(tls);
    }

    private static String tls(NbdTlsConfig tls) {
        if (tls.equals(NbdTlsConfig.none())) {
            return "";
        }
        return "nbd-tls {"
                + tls.dir().map(dir -> " dir = " + quote(dir) + ",").orElse("")
                + tls.pskFile().map(file -> " psk-file = " + quote(file) + ",").orElse("")
                + " required = "
                + tls.required()
                + ", insecure = "
                + tls.insecure()
                + " }\n";
    }

    private static String endpoints(ClusterPlan plan) {
        return plan.endpoints().stream()
                .map(ServerFiles::quote)
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private static String quote(Object value) {
        return ConfigUtil.quoteString(value.toString());
    }
}
