package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ServerKind;
import io.coppice.cli.local.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A `server` command line as `up`, systemd units and containers write it, read without the command
/// parser: its classes cannot be in the ahead-of-time cache (they are of Java 5) and would take a
/// third of the time in which a server starts. Everything else, and every mistake, is the parser's.
///
/// @param name of its log and pid file
/// @param dir a cluster's directory, where log and pid file go; empty: none
record PlainServer(ServerKind kind, String name, Path config, Optional<Path> dir) {
    private static final Set<String> OPTIONS = Set.of("--config", "--name", "--dir");

    /// @return empty when the parser is to read them
    static Optional<PlainServer> of(String... args) {
        if (args.length < 4 || args.length % 2 != 0 || !args[0].equals("server")) {
            return Optional.empty();
        }
        List<String> all = Arrays.asList(args);
        Map<String, String> values = new HashMap<>();
        for (int i = 2; i < args.length; i += 2) {
            String option = all.get(i);
            String value = all.get(i + 1);
            boolean plain = OPTIONS.contains(option) && !value.isEmpty() && !value.startsWith("-");
            if (!plain || values.put(option, value) != null) {
                return Optional.empty();
            }
        }
        return Arrays.stream(ServerKind.values())
                .filter(kind -> name(kind).equals(all.get(1)) && values.containsKey("--config"))
                .findFirst()
                .map(kind ->
                        new PlainServer(
                                kind,
                                values.getOrDefault("--name", name(kind)),
                                Path.of(values.getOrDefault("--config", "")),
                                Optional.ofNullable(values.get("--dir")).map(Path::of)));
    }

    private static String name(ServerKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    /// Serves until the process is told to end.
    ExitCode run() throws IOException {
        ServerProcess.run(kind, name, config, dir);
        return ExitCode.DONE;
    }
}
