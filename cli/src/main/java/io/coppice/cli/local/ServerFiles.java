package io.coppice.cli.local;

import com.typesafe.config.ConfigUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/// `D/etc/NAME.conf`: what every server of a one-machine cluster is told. Written when they are
/// missing; afterwards they belong to the user. Only the gateway's is written anew when the NBD
/// address changes.
final class ServerFiles {
    private static final String HEADER =
            """
            # Written by `coppice up`, once; yours to edit. `log { root = debug }` makes it talk.
            """;

    private ServerFiles() {}

    static void write(Layout layout, ClusterPlan plan, boolean nbdChanged, Duration repairAfter)
            throws IOException {
        for (ServerSpec server : plan.metadata()) {
            writeMissing(layout.conf(server.name()), metadata(layout, plan, server, repairAfter));
        }
        for (ServerSpec server : plan.nodes()) {
            writeMissing(layout.conf(server.name()), node(layout, plan, server));
        }
        Path gateway = layout.conf(plan.gateway().name());
        if (nbdChanged) {
            Files.deleteIfExists(gateway);
        }
        writeMissing(gateway, gateway(plan));
    }

    private static void writeMissing(Path file, String text) throws IOException {
        if (!Files.exists(file)) {
            ClusterPlan.writeWhole(file, HEADER + text);
        }
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

    private static String gateway(ClusterPlan plan) {
        return "listen = ["
                + quote(plan.nbd())
                + "]\n"
                + "http-address = "
                + quote(plan.gateway().address("http"))
                + "\n"
                + "control-endpoints = "
                + endpoints(plan)
                + "\n"
                + "exports = []\n";
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
