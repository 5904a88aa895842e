package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ClusterFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Which cluster a command speaks to: what the options say, else the cluster of this directory,
/// else the one that the environment names.
final class Endpoints {
    private static final Pattern ADDRESS =
            Pattern.compile("(\\[[0-9A-Fa-f:.%]+]|[^:\\s/]+):([0-9]{1,5})");
    private static final String VARIABLE = "COPPICE_ENDPOINT";

    private Endpoints() {}

    static List<String> resolve(List<String> option, List<String> configured) {
        if (!option.isEmpty()) {
            return checked(option, "--endpoint");
        }
        if (!configured.isEmpty()) {
            return checked(configured, "--config");
        }
        Optional<ClusterFile> here = ClusterFile.find(Path.of(".coppice"));
        if (here.isPresent()) {
            return here.get().endpoints();
        }
        String variable = System.getenv(VARIABLE);
        if (variable != null && !variable.isBlank()) {
            return checked(List.of(variable.split(",")), "$" + VARIABLE);
        }
        throw new CliException(
                ExitCode.UNAVAILABLE,
                "no cluster is running in .coppice/ here: start one with 'coppice up', or name one with --endpoint");
    }

    private static List<String> checked(List<String> endpoints, String from) {
        List<String> stripped =
                endpoints.stream().map(String::strip).filter(text -> !text.isEmpty()).toList();
        for (String endpoint : stripped) {
            var matcher = ADDRESS.matcher(endpoint);
            if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > 65_535) {
                throw new CliException(
                        ExitCode.USAGE,
                        "invalid endpoint '" + endpoint + "' in " + from + ": write HOST:PORT");
            }
        }
        if (stripped.isEmpty()) {
            throw new CliException(ExitCode.USAGE, from + " names no endpoint: write HOST:PORT");
        }
        return stripped;
    }
}
