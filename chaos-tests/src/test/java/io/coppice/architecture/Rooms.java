package io.coppice.architecture;

import java.util.List;
import java.util.stream.Stream;

/// The floor plan: which packages a module has, which modules it may see, which rooms are pure.
final class Rooms {
    /// A Maven module: its packages (in ArchUnit's notation) and the modules that it may see, in
    /// imports and in its pom. chaos-tests is not on the plan: it sees everything, nobody sees it.
    record Module(String name, List<String> packages, List<String> sees) {
        String[] ownPackages() {
            return packages.toArray(String[]::new);
        }

        /// Packages of the modules that this one may not see.
        String[] hiddenPackages() {
            return MODULES.stream()
                    .filter(other -> !other.name.equals(name) && !sees.contains(other.name))
                    .flatMap(other -> other.packages.stream())
                    .toArray(String[]::new);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static final List<Module> MODULES =
            List.of(
                    new Module(
                            "protocol",
                            List.of(
                                    "io.coppice.model..",
                                    "io.coppice.port..",
                                    "io.coppice.wire..",
                                    "io.coppice.tls..",
                                    "io.coppice.net..",
                                    "io.coppice.directory.."),
                            List.of()),
                    new Module(
                            "metadata-raft", List.of("io.coppice.metadata.."), List.of("protocol")),
                    new Module("storage-node", List.of("io.coppice.node.."), List.of("protocol")),
                    new Module("client", List.of("io.coppice.client.."), List.of("protocol")),
                    new Module(
                            "gateway-nbd",
                            List.of("io.coppice.nbd.."),
                            List.of("protocol", "client")),
                    new Module(
                            "cli",
                            List.of("io.coppice.cli.."),
                            List.of(
                                    "protocol",
                                    "metadata-raft",
                                    "storage-node",
                                    "client",
                                    "gateway-nbd")),
                    new Module(
                            "bench",
                            List.of("io.coppice.bench.."),
                            List.of(
                                    "protocol",
                                    "metadata-raft",
                                    "storage-node",
                                    "client",
                                    "gateway-nbd")));

    /// Rooms that only decide or only lay out bytes: they take time, disk, network and chance as
    /// arguments.
    private static final List<String> PURE =
            List.of(
                    "io.coppice.metadata.core..",
                    "io.coppice.node.replica..",
                    "io.coppice.node.format..",
                    "io.coppice.node.store..",
                    "io.coppice.client.plan..",
                    "io.coppice.nbd.frame..");

    private Rooms() {}

    static String[] pure() {
        return PURE.toArray(String[]::new);
    }

    static Stream<Module> modules() {
        return MODULES.stream();
    }
}
