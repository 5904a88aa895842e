package io.coppice.chaos.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// What the servers of a run are told, as an operator would write it.
final class ConfigFiles {
    static final int RAFT = 7001;
    static final int CONTROL = 7002;
    static final int HTTP = 7003;
    static final int DATA = 7010;
    static final int NBD = 10809;

    private ConfigFiles() {}

    static void metadata(Path file, Host self, List<Host> all, Path disk, Path tls)
            throws IOException {
        Files.writeString(
                file,
                String.format(
                        Locale.ROOT,
                        """
                        id = %s
                        cluster = chaos
                        dir = "%s"
                        raft { listen = "%s", peers { %s } }
                        control { listen = "%s", peers { %s } }
                        http { listen = "%s" }
                        repair { after = 10s }
                        tls { dir = "%s" }
                        """,
                        self.name(),
                        disk.resolve("meta"),
                        at(self, RAFT),
                        peers(all, RAFT),
                        at(self, CONTROL),
                        peers(all, CONTROL),
                        at(self, HTTP),
                        tls));
    }

    static void node(Path file, Host self, List<Host> metadata, Path disk, Path tls)
            throws IOException {
        Files.writeString(
                file,
                String.format(
                        Locale.ROOT,
                        """
                        node {
                          name = %s
                          rack = ""
                          stores = ["%s"]
                          data = "%s"
                          http = "%s"
                          control = [%s]
                        }
                        tls { dir = "%s" }
                        """,
                        self.name(),
                        disk.resolve("store"),
                        at(self, DATA),
                        at(self, HTTP),
                        endpoints(metadata),
                        tls));
    }

    static void gateway(Path file, Host self, List<Host> metadata, Path tls) throws IOException {
        Files.writeString(
                file,
                String.format(
                        Locale.ROOT,
                        """
                        listen = ["%s"]
                        http-address = "%s"
                        control-endpoints = [%s]
                        exports = []
                        tls { dir = "%s" }
                        nbd-tls { insecure = true }
                        """,
                        at(self, NBD),
                        at(self, HTTP),
                        endpoints(metadata),
                        tls));
    }

    private static String at(Host host, int port) {
        return host.address() + ":" + port;
    }

    private static String peers(List<Host> all, int port) {
        return all.stream()
                .map(host -> host.name() + " = \"" + at(host, port) + "\"")
                .collect(Collectors.joining(", "));
    }

    private static String endpoints(List<Host> metadata) {
        return metadata.stream()
                .map(host -> "\"" + at(host, CONTROL) + "\"")
                .collect(Collectors.joining(", "));
    }
}
