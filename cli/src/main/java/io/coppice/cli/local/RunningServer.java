package io.coppice.cli.local;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.metadata.server.MetadataServer;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.nbd.NbdGateway;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.node.StorageNode;
import io.coppice.node.StorageNodeConfig;
import io.coppice.tls.Exposure;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A server that runs in this process. Closing it stops it cleanly.
public final class RunningServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningServer.class);

    private final ServerKind kind;
    private final String name;
    private final AutoCloseable server;

    private RunningServer(ServerKind kind, String name, AutoCloseable server) {
        this.kind = kind;
        this.name = name;
        this.server = server;
    }

    ServerKind kind() {
        return kind;
    }

    /// Why the server cannot go on, if so: its process is to be restarted.
    public Optional<String> failure() {
        return server instanceof MetadataServer metadata
                ? metadata.failure().map(why -> name + ": " + why)
                : Optional.empty();
    }

    /// Starts a server as its file says.
    ///
    /// @throws CliException with one line for the user when the file is wrong or the server cannot
    ///   start
    public static RunningServer start(ServerKind kind, String name, Path file) {
        Config config = ConfigFiles.read(file);
        Logs.levels(config);
        try {
            AutoCloseable server =
                    switch (kind) {
                        case METADATA ->
                                MetadataServer.start(MetadataServerConfig.fromHocon(config));
                        case NODE -> StorageNode.start(StorageNodeConfig.fromHocon(config));
                        case GATEWAY -> NbdGateway.start(NbdGatewayConfig.fromHocon(config));
                    };
            LOG.info("{} started as {} says", name, file);
            return new RunningServer(kind, name, server);
        } catch (ConfigException wrong) {
            throw ConfigFiles.refused(file, wrong);
        } catch (Exposure.Refused exposed) {
            throw new CliException(ExitCode.USAGE, name + ": " + exposed.getMessage(), exposed);
        } catch (Exception failed) {
            LOG.error("{} cannot start", name, failed);
            String why = failed.getMessage() == null ? failed.toString() : failed.getMessage();
            throw new CliException(
                    ExitCode.FAILED,
                    name + ": " + why.lines().findFirst().orElse("cannot start"),
                    failed);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            LOG.info("{} stopped", name);
        } catch (Exception failed) {
            LOG.warn("{} did not stop cleanly", name, failed);
        }
    }
}
