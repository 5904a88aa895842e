package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.tls.Credentials;
import io.coppice.tls.Exposure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who a command is to the cluster: what the options say, else the administrator of the cluster in
/// this directory when it is the one that is spoken to, else whom the environment names, else
/// nobody, which only a cluster without certificates on this machine accepts.
public final class Identities {
    private static final String VARIABLE = "COPPICE_IDENTITY";

    private Identities() {}

    /// @param option of `--identity`
    /// @param configured of the settings' file
    public static Optional<Credentials> resolve(
            @Nullable String option, Optional<String> configured, List<String> endpoints) {
        if (option != null) {
            return Optional.of(load(option, "--identity"));
        }
        if (configured.isPresent()) {
            return Optional.of(load(configured.get(), "--config, identity"));
        }
        Optional<ClusterFile> here =
                ClusterFile.find(Path.of(".coppice"))
                        .filter(file -> file.endpoints().stream().anyMatch(endpoints::contains));
        if (here.isPresent()) {
            return ofCluster(here.get().identity());
        }
        String variable = System.getenv(VARIABLE);
        if (variable != null && !variable.isBlank()) {
            return Optional.of(load(variable.strip(), "$" + VARIABLE));
        }
        for (String endpoint : endpoints) {
            if (!Exposure.isLocal(endpoint)) {
                throw new CliException(
                        ExitCode.USAGE,
                        endpoint
                                + " is on another machine, and no identity is given: name a"
                                + " directory with ca.crt, tls.crt and tls.key with --identity or $"
                                + VARIABLE);
            }
        }
        return Optional.empty();
    }

    /// @param identity of [ClusterFile#identity]
    public static Optional<Credentials> ofCluster(String identity) {
        return identity.isEmpty() ? Optional.empty() : Optional.of(load(identity, "identity"));
    }

    private static Credentials load(String dir, String from) {
        try {
            return Credentials.load(Path.of(dir));
        } catch (IOException wrong) {
            throw new CliException(ExitCode.USAGE, from + ": " + wrong.getMessage(), wrong);
        }
    }
}
