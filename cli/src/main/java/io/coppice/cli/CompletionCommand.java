package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import picocli.AutoComplete;
import picocli.CommandLine.Command;

/// `completion`: a script for bash and zsh.
@Command(
        name = "completion",
        description = "Print a completion script: source <(coppice completion)")
final class CompletionCommand extends Verb {
    @Override
    ExitCode run() {
        output().out().print(AutoComplete.bash("coppice", spec.root().commandLine()));
        output().out().flush();
        return ExitCode.DONE;
    }
}
