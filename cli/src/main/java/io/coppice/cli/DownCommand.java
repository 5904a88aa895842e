package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.Layout;
import io.coppice.cli.local.Stopping;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `down`: stops what `up` started.
@Command(name = "down", description = "Stop the cluster of this directory cleanly.")
final class DownCommand extends Verb {
    @Option(
            names = "--dir",
            paramLabel = "D",
            description = "The directory of the cluster (.coppice).")
    Path dir = Path.of(".coppice");

    @Override
    ExitCode run() throws Exception {
        Layout layout = Layout.of(dir);
        int stopped = Stopping.stopAll(layout, output()::remark);
        output().done(
                        Map.of("dir", layout.dir().toString(), "stopped", stopped),
                        () ->
                                stopped == 0
                                        ? "nothing runs in " + layout.dir()
                                        : "stopped "
                                                + stopped
                                                + (stopped == 1 ? " process" : " processes"));
        return ExitCode.DONE;
    }
}
