package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.client.KeyRing;
import io.coppice.directory.ControlException;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetCluster;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.QueryRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;

/// A command that reads or writes blocks.
abstract class DataVerb extends Verb {

    final CoppiceClient connect() throws IOException {
        ClientConfig config =
                ClientConfig.defaults(
                                main().endpoints(),
                                "coppice "
                                        + spec.name()
                                        + " (pid "
                                        + ProcessHandle.current().pid()
                                        + ")")
                        .withControlDeadline(main().deadline());
        KeyRing keys = main().keys();
        // Without keys a volume is opened with one question less.
        ClientConfig keyed = Files.isDirectory(keys.dir()) ? config.withKeys(keys) : config;
        return CoppiceClient.connect(
                main().credentials().map(keyed::withCredentials).orElse(keyed));
    }

    /// Which snapshot of that name it is, as no other in any cluster is; empty: of a live volume.
    final String identity(SourceName source) throws ControlException {
        if (!source.isSnapshot()) {
            return "";
        }
        var named = OpenSource.newBuilder().setSource(source.toProto());
        long id = query(QueryRequest.newBuilder().setOpenSource(named)).getOpened().getSnapshot();
        return cluster() + "/" + id;
    }

    /// The id of the cluster.
    final String cluster() throws ControlException {
        return query(QueryRequest.newBuilder().setGetCluster(GetCluster.getDefaultInstance()))
                .getCluster()
                .getConfig()
                .getCluster();
    }

    /// A source that does not change while it is read: a snapshot, or one that is taken of a live
    /// volume and deleted again on close, also when the process is told to stop.
    final Frozen freeze(SourceName source) throws ControlException {
        if (source.isSnapshot()) {
            return new Frozen(source, Optional.empty());
        }
        SourceName taken =
                new SourceName(
                        source.volume(),
                        Optional.of("export-" + Long.toHexString(Entropy.system().nextLong())));
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateSnapshots(
                                CreateSnapshots.newBuilder().addSnapshots(taken.toProto())));
        return new Frozen(taken, Optional.of(taken));
    }

    final class Frozen implements AutoCloseable {
        private final SourceName source;
        private final Optional<SourceName> taken;
        private final Thread hook = new Thread(this::drop, "drop-snapshot");
        private boolean dropped;

        private Frozen(SourceName source, Optional<SourceName> taken) {
            this.source = source;
            this.taken = taken;
            if (taken.isPresent()) {
                Runtime.getRuntime().addShutdownHook(hook);
            }
        }

        SourceName source() {
            return source;
        }

        private synchronized void drop() {
            if (taken.isEmpty() || dropped) {
                return;
            }
            dropped = true;
            try {
                execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteSnapshot(
                                        DeleteSnapshot.newBuilder()
                                                .setSnapshot(taken.get().toProto())));
            } catch (ControlException failed) {
                throw new CliException(
                        ExitCode.FAILED,
                        "the temporary snapshot "
                                + taken.get()
                                + " was not deleted ("
                                + failed.getMessage()
                                + "): delete it with 'coppice snapshot rm'",
                        failed);
            }
        }

        @Override
        public void close() {
            drop();
            if (taken.isPresent()) {
                try {
                    Runtime.getRuntime().removeShutdownHook(hook);
                } catch (IllegalStateException alreadyEnding) {
                    // The hook finds the work done.
                }
            }
        }
    }
}
