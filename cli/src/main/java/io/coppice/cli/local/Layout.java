package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where things lie in a cluster's directory.
///
/// @param dir absolute
public record Layout(Path dir) {
    /// The process that holds the whole cluster, or that looks after its processes.
    static final String UP = "up";

    /// Below `tls`.
    public static final String AUTHORITY = "ca";

    /// The first administrator; also the folder of its credentials.
    static final String ADMIN = "admin";

    /// Who the NBD gateway is to the cluster.
    static final String GATEWAY = "gateway";

    public static Layout of(Path dir) {
        return new Layout(dir.toAbsolutePath().normalize());
    }

    Path clusterConf() {
        return conf("cluster");
    }

    public Path conf(String name) {
        return dir.resolve("etc").resolve(name + ".conf");
    }

    public Path pid(String name) {
        return dir.resolve("run").resolve(name + ".pid");
    }

    public Path log(String name) {
        return dir.resolve("log").resolve(name + ".log");
    }

    /// What a server printed instead of logging it.
    Path err(String name) {
        return dir.resolve("log").resolve(name + ".err");
    }

    public Path tls(String name) {
        return dir.resolve("tls").resolve(name);
    }

    Path data(String name) {
        return dir.resolve("data").resolve(name);
    }

    Path clusterJson() {
        return dir.resolve("run").resolve("cluster.json");
    }

    boolean holdsCluster() {
        return Files.exists(clusterConf());
    }

    private static String reason(IOException refused) {
        if (refused instanceof AccessDeniedException) {
            return "permission denied";
        }
        return refused instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : "the file system does not take it";
    }

    void create() {
        for (String folder : new String[] {"etc", "data", "log", "run"}) {
            try {
                Files.createDirectories(dir.resolve(folder));
            } catch (IOException refused) {
                throw new CliException(
                        ExitCode.FAILED,
                        "cannot create "
                                + dir.resolve(folder)
                                + ": "
                                + reason(refused)
                                + "; choose another place with --dir",
                        refused);
            }
        }
    }
}
