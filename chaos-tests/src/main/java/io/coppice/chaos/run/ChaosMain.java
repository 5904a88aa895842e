package io.coppice.chaos.run;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `coppice chaos`: real clusters, broken on purpose.
@Command(
        name = "chaos",
        mixinStandardHelpOptions = true,
        description = {
            "Breaks real clusters on purpose and checks what users were promised.",
            "Every server and client is a process on a host of its own: a network namespace, and a"
                    + " disk that forgets what was not synced. Needs root."
        },
        subcommands = {RunCommand.class, MatrixCommand.class, SoakCommand.class, ListCommand.class})
public final class ChaosMain implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ChaosMain.class);

    private ChaosMain() {}

    @Override
    public Integer call() {
        commandLine().usage(System.err);
        return 2;
    }

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    private static CommandLine commandLine() {
        return new CommandLine(new ChaosMain())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(ChaosMain::failed)
                .setParameterExceptionHandler(ChaosMain::misused);
    }

    private static int failed(
            Exception why, CommandLine command, CommandLine.ParseResult arguments) {
        PrintWriter err = command.getErr();
        if (why instanceof IOException || why instanceof IllegalArgumentException) {
            err.println("coppice: " + why.getMessage());
        } else {
            LOG.error("unexpected", why);
            err.println("coppice: unexpected: " + why);
        }
        return 1;
    }

    private static int misused(CommandLine.ParameterException wrong, String[] arguments) {
        wrong.getCommandLine().getErr().println("coppice: " + wrong.getMessage());
        return 2;
    }
}
