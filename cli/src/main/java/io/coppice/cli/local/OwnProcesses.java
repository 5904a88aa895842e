package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Every server a process of its own, in a session of its own, so that a Ctrl-C which is meant for
/// `up` does not reach them before `up` has stopped them in order.
final class OwnProcesses implements Servers {
    private static final String REASON = "coppice: ";

    private final Layout layout;
    private final Map<String, Process> started = new LinkedHashMap<>();

    OwnProcesses(Layout layout) {
        this.layout = layout;
    }

    @Override
    public List<ServerSpec> missing(List<ServerSpec> all) {
        return all.stream().filter(server -> owner(server).isEmpty()).toList();
    }

    private Optional<ProcessHandle> owner(ServerSpec server) {
        try {
            return PidFile.owner(layout.pid(server.name()));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public synchronized void start(List<ServerSpec> servers) {
        for (ServerSpec server : servers) {
            List<String> command = new ArrayList<>(JavaCommand.jvm(server.kind()));
            command.addAll(
                    List.of(
                            "server",
                            server.kind().name().toLowerCase(java.util.Locale.ROOT),
                            "--config",
                            layout.conf(server.name()).toString(),
                            "--name",
                            server.name(),
                            "--dir",
                            layout.dir().toString()));
            started.put(server.name(), JavaCommand.start(command, layout.err(server.name())));
        }
    }

    @Override
    public synchronized Optional<String> failure() {
        return started.entrySet().stream()
                .filter(server -> !server.getValue().isAlive())
                .map(server -> lastWords(server.getKey(), server.getValue()))
                .findFirst();
    }

    private String lastWords(String name, Process process) {
        return lastLine(layout.err(name))
                .orElse(
                        name
                                + " ended with status "
                                + process.exitValue()
                                + ", see "
                                + layout.log(name));
    }

    /// What a process printed as its reason to end, or else the last thing that it printed.
    static Optional<String> lastLine(Path file) {
        try {
            List<String> lines =
                    Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                            .filter(line -> !line.isBlank())
                            .toList();
            return lines.stream()
                    .filter(line -> line.startsWith(REASON))
                    .findFirst()
                    .map(line -> line.substring(REASON.length()))
                    .or(() -> lines.isEmpty() ? Optional.empty() : Optional.of(lines.getLast()));
        } catch (IOException | UncheckedIOException unreadable) {
            return Optional.empty();
        }
    }

    @Override
    public synchronized void stop() {
        List<String> names = new ArrayList<>(started.keySet());
        try {
            Stopping.stop(layout, names, line -> {});
        } catch (IOException failed) {
            throw new CliException(
                    ExitCode.FAILED, "cannot stop the servers: " + failed.getMessage(), failed);
        }
    }
}
