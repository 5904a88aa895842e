package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The life of a process that is one server: claim the name, log, start, serve until asked to stop,
/// stop.
public final class ServerProcess {
    private static final long LOOK_SECONDS = 1;

    private ServerProcess() {}

    /// Serves until the process is told to end (SIGTERM, SIGINT).
    ///
    /// @param dir the one-machine cluster that the server belongs to; empty: it logs to stderr and
    ///   has no pid file
    public static void run(ServerKind kind, String name, Path config, Optional<Path> dir)
            throws IOException {
        Optional<PidFile> pidFile = Optional.empty();
        if (dir.isPresent()) {
            Layout layout = Layout.of(dir.get());
            layout.create();
            pidFile = PidFile.claim(layout.pid(name));
            if (pidFile.isEmpty()) {
                throw new CliException(
                        ExitCode.CONFLICT, name + " is already running in " + layout.dir());
            }
            Logs.toFile(layout.log(name), false);
        } else {
            Logs.toConsole();
        }
        try (RunningServer server = RunningServer.start(kind, name, config)) {
            untilAsked(server, pidFile);
        } finally {
            if (pidFile.isPresent()) {
                pidFile.get().close();
            }
        }
    }

    /// The stop itself runs in the hook: once the hooks are through, the process is gone.
    private static void untilAsked(RunningServer server, Optional<PidFile> pidFile) {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    server.close();
                                    pidFile.ifPresent(file -> {
                                        try {
                                            file.close();
                                        } catch (IOException leftBehind) {
                                            // The lock goes with the process, so the file counts as
                                            // stale.
                                        }
                                    });
                                },
                                "stop"));
        while (true) {
            Optional<String> failure = server.failure();
            if (failure.isPresent()) {
                throw new CliException(ExitCode.FAILED, failure.get());
            }
            try {
                TimeUnit.SECONDS.sleep(LOOK_SECONDS);
            } catch (InterruptedException asked) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /// Blocks the calling thread; only the end of the process ends it.
    public static void waitForever() {
        boolean interrupted = false;
        while (!interrupted) {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException asked) {
                interrupted = true;
            }
        }
        Thread.currentThread().interrupt();
    }
}
