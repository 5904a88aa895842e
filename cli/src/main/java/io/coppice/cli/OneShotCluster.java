package io.coppice.cli;

import io.coppice.cli.local.LocalCluster;
import io.coppice.cli.local.UpOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// A cluster in this process that is wanted for a moment: the default one, with NBD on a unix
/// socket.
final class OneShotCluster implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final LocalCluster cluster;

    private OneShotCluster(LocalCluster cluster) {
        this.cluster = cluster;
    }

    static OneShotCluster start(Path dir) throws IOException {
        LocalCluster cluster =
                LocalCluster.claim(
                        new UpOptions(
                                dir,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of("unix:" + dir.resolve("nbd.sock")),
                                false,
                                Duration.ofHours(1),
                                false,
                                PATIENCE));
        try {
            cluster.start();
        } catch (IOException | RuntimeException failed) {
            cluster.close();
            throw failed;
        }
        return new OneShotCluster(cluster);
    }

    /// As `--endpoint` takes them.
    String endpoints() {
        return String.join(",", cluster.file().endpoints());
    }

    @Override
    public void close() throws IOException {
        cluster.close();
    }
}
