package io.coppice.chaos.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where a run keeps what.
///
/// @param dir a folder of its own
public record Layout(Path dir) {
    /// Makes the folders.
    public static Layout create(Path dir) throws IOException {
        var layout = new Layout(dir.toAbsolutePath());
        for (String folder : new String[] {"etc", "log", "disk", "bytes", "history", "tls"}) {
            Files.createDirectories(layout.dir.resolve(folder));
        }
        return layout;
    }

    Path conf(String server) {
        return dir.resolve("etc").resolve(server + ".conf");
    }

    Path bootId(String server) {
        return dir.resolve("etc").resolve(server + ".boot");
    }

    /// The credentials of one server, or of the harness and its clients.
    Path tls(String name) {
        return dir.resolve("tls").resolve(name);
    }

    public Path log(String process) {
        return dir.resolve("log").resolve(process + ".log");
    }

    /// Where a server sees its disk.
    Path disk(String server) throws IOException {
        return Files.createDirectories(dir.resolve("disk").resolve(server));
    }

    /// Where its bytes really are.
    Path bytes(String server) throws IOException {
        return Files.createDirectories(dir.resolve("bytes").resolve(server));
    }

    public Path history() {
        return dir.resolve("history");
    }
}
