package io.coppice.cli;

import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// A noun with verbs below it; alone it is a wrong usage.
@SuppressWarnings("NullAway.Init") // picocli sets the field before it calls the command
class Noun implements Runnable {
    @Spec CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "say what to do: " + String.join(", ", verbs()));
    }

    /// Without those that only the launcher calls.
    private List<String> verbs() {
        return spec.subcommands().entrySet().stream()
                .filter(verb -> !verb.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .toList();
    }
}
