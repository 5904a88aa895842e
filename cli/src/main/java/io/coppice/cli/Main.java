package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.Identities;
import io.coppice.client.DeviceException;
import io.coppice.client.KeyRing;
import io.coppice.directory.ControlException;
import io.coppice.tls.Credentials;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/// The root of the command tree, with the options that every command takes.
///
/// Failures become exit codes and one line on stderr here and nowhere else; a stack trace goes to
/// the log.
@Command(
        name = "coppice",
        description = "Distributed block storage whose clones are free.",
        version = "coppice 0.1.0",
        synopsisSubcommandLabel = "COMMAND")
public final class Main extends Noun {
    @Option(
            names = "--endpoint",
            split = ",",
            paramLabel = "HOST:PORT",
            scope = ScopeType.INHERIT,
            description =
                    "Metadata servers; default: the cluster of .coppice/ here, then"
                            + " $$COPPICE_ENDPOINT.")
    List<String> endpointOption = List.of();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description =
                    "Settings (HOCON): endpoint, identity, output, timeout, keys.dir; for 'server':"
                            + " the server's.")
    @Nullable String configFile;

    @Option(
            names = "--identity",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description =
                    "Who you are: ca.crt, tls.crt, tls.key; default: the administrator of the"
                            + " cluster of .coppice/ here, then $$COPPICE_IDENTITY.")
    @Nullable String identityOption;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "table|json|yaml",
            scope = ScopeType.INHERIT,
            description = "How results are printed.")
    @Nullable String outputOption;

    @Option(
            names = "--quiet",
            scope = ScopeType.INHERIT,
            description = "Print results and errors only.")
    boolean quiet;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            scope = ScopeType.INHERIT,
            description = "How long to wait for an answer of the cluster (10s).")
    @Nullable String timeoutOption;

    @Option(
            names = "--keys",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description =
                    "Keys of encrypted volumes; default: .coppice/keys here, then $$COPPICE_KEYS,"
                            + " then ~/.config/coppice/keys.")
    @Nullable String keysOption;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Explain the command.")
    boolean help;

    @Option(names = "--version", versionHelp = true, description = "Print the version.")
    boolean version;

    private final PrintWriter out;
    private final PrintWriter err;
    private @Nullable Settings settings;
    private @Nullable Optional<Credentials> credentials;

    Main(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int exitCode = run(out, err, args);
        out.flush();
        System.exit(exitCode);
    }

    /// Runs one command; what `main` does, without ending the process.
    static int run(PrintWriter out, PrintWriter err, String... args) {
        try {
            Optional<PlainServer> server = PlainServer.of(args);
            return server.isPresent()
                    ? server.get().run().number()
                    : commandLine(out, err, args).execute(args);
        } catch (Exception failed) {
            return fail(failed, err);
        }
    }

    private static CommandLine commandLine(PrintWriter out, PrintWriter err, String... args) {
        CommandLine commandLine = new CommandLine(new Main(out, err));
        CommandTree.addTo(commandLine, args);
        commandLine.setOut(out);
        commandLine.setErr(err);
        commandLine.setUsageHelpWidth(100);
        commandLine.setParameterExceptionHandler((failure, all) -> refuseUsage(failure, err));
        commandLine.setExecutionExceptionHandler((failure, command, result) -> fail(failure, err));
        return commandLine;
    }

    private static int refuseUsage(ParameterException failure, PrintWriter err) {
        String command = failure.getCommandLine().getCommandSpec().qualifiedName(" ");
        String message = firstLine(failure.getMessage());
        if (failure instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            List<String> suggestions = unmatched.getSuggestions();
            message +=
                    suggestions.isEmpty()
                            ? ""
                            : "; did you mean " + String.join(" or ", suggestions) + "?";
        }
        err.println("coppice: " + message + " (see '" + command + " --help')");
        err.flush();
        return ExitCode.USAGE.number();
    }

    private static int fail(Exception thrown, PrintWriter err) {
        ExitCode exitCode;
        String message;
        Throwable failure = Failures.unwrap(thrown);
        switch (failure) {
            case CliException known -> {
                exitCode = known.exitCode();
                message = known.getMessage();
            }
            case ControlException refused -> {
                exitCode = ExitCode.of(refused.code());
                message = refused.getMessage();
            }
            case DeviceException device -> {
                exitCode = exitCode(device.reason());
                message = device.getMessage();
            }
            default -> {
                exitCode = ExitCode.FAILED;
                message = Failures.describe(failure);
                LoggerFactory.getLogger(Main.class).error("command failed", failure);
            }
        }
        err.println("coppice: " + firstLine(message));
        err.flush();
        return exitCode.number();
    }

    private static ExitCode exitCode(DeviceException.Reason reason) {
        return switch (reason) {
            case NOT_FOUND -> ExitCode.NOT_FOUND;
            case IN_USE, LOST -> ExitCode.CONFLICT;
            case NO_KEY -> ExitCode.NOT_ALLOWED;
            case NO_SPACE -> ExitCode.NO_SPACE;
            case NOT_ALLOWED -> ExitCode.NOT_ALLOWED;
            case TIMED_OUT, OVERLOADED -> ExitCode.UNAVAILABLE;
            case OUT_OF_RANGE, READ_ONLY, CLOSED, WRITES_LOST, IO_ERROR -> ExitCode.FAILED;
        };
    }

    private static String firstLine(@Nullable String message) {
        return message == null ? "failed" : message.lines().findFirst().orElse("failed");
    }

    Output output() {
        String name = outputOption != null ? outputOption : settings().output().orElse("table");
        try {
            return new Output(
                    out, err, Output.Format.valueOf(name.toUpperCase(Locale.ROOT)), quiet);
        } catch (IllegalArgumentException unknown) {
            throw new CliException(
                    ExitCode.USAGE,
                    "unknown output format '" + name + "': use table, json or yaml");
        }
    }

    Duration deadline() {
        return timeoutOption != null ? Durations.parse(timeoutOption) : settings().timeout();
    }

    List<String> endpoints() {
        return Endpoints.resolve(endpointOption, settings().endpoints());
    }

    /// Who the command is to the cluster; empty: nobody in particular, in the clear.
    Optional<Credentials> credentials() {
        if (credentials == null) {
            credentials = Identities.resolve(identityOption, settings().identity(), endpoints());
        }
        return credentials;
    }

    KeyRing keys() {
        return KeyCommands.ring(keysOption, settings().keysDir());
    }

    /// The file that `--config` names, for the command that reads it as something else than
    /// settings.
    java.nio.file.Path configFile() {
        if (configFile == null) {
            throw new CliException(ExitCode.USAGE, "--config FILE is missing");
        }
        return java.nio.file.Path.of(configFile);
    }

    private Settings settings() {
        if (settings == null) {
            settings =
                    configFile == null
                            ? Settings.defaults()
                            : Settings.read(java.nio.file.Path.of(configFile));
        }
        return settings;
    }
}
