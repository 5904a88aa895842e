package io.coppice.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;

/// The commands below the root. Making the objects and reading the annotations of all of them takes
/// longer than most commands do, so only the branch that is called is built; help, completion and
/// mistakes get the whole tree.
final class CommandTree {
    /// Options of the root that take a value, which is no command even when it looks like one.
    private static final Set<String> WITH_VALUE =
            Set.of("--endpoint", "--config", "--identity", "-o", "--output", "--timeout", "--keys");

    private static final Map<String, Supplier<Object>> COMMANDS = commands();

    private CommandTree() {}

    private static Map<String, Supplier<Object>> commands() {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("up", UpCommand::new);
        commands.put("down", DownCommand::new);
        commands.put("init", InitCommand::new);
        commands.put("status", StatusCommand::new);
        commands.put("volume", VolumeCommands::new);
        commands.put("trash", VolumeCommands.Trash::new);
        commands.put("snapshot", SnapshotCommands::new);
        commands.put("clone", CloneCommand::new);
        commands.put("key", KeyCommands::new);
        commands.put("lineage", LineageCommand::new);
        commands.put("usage", UsageCommand::new);
        commands.put("diff", DiffCommand::new);
        commands.put("import", ImportCommand::new);
        commands.put("export", ExportCommand::new);
        commands.put("nbd", NbdCommands::new);
        commands.put("attachment", AttachmentCommands::new);
        commands.put("node", NodeCommands::new);
        commands.put("group", GroupCommands::new);
        commands.put("metadata", MetadataCommands::new);
        commands.put("policy", PolicyCommands::new);
        commands.put("project", ProjectCommands::new);
        commands.put("quota", QuotaCommands::new);
        commands.put("principal", PrincipalCommands::new);
        commands.put("team", PrincipalCommands.Team::new);
        commands.put("role", RoleCommands::new);
        commands.put("whoami", WhoAmICommand::new);
        commands.put("audit", AuditCommands::new);
        commands.put("ca", AuthorityCommands::new);
        commands.put("cert", CertificateCommands::new);
        commands.put("check", CheckCommand::new);
        commands.put("bench", BenchCommand::new);
        commands.put("server", ServerCommands::new);
        commands.put("completion", CompletionCommand::new);
        commands.put("train", TrainCommand::new);
        return commands;
    }

    /// Adds the branch that `args` call, or all of them.
    static void addTo(CommandLine root, String... args) {
        Optional<String> called = called(args);
        if (called.isPresent() && !called.get().equals("completion")) {
            add(root, called.get());
        } else {
            COMMANDS.keySet().forEach(name -> add(root, name));
        }
    }

    private static void add(CommandLine root, String name) {
        Supplier<Object> command = COMMANDS.get(name);
        if (command != null) {
            root.addSubcommand(name, command.get());
        }
    }

    private static Optional<String> called(String... args) {
        for (int i = 0; i < args.length; i++) {
            if (WITH_VALUE.contains(args[i])) {
                i++;
            } else if (!args[i].startsWith("-")) {
                return Optional.of(args[i]).filter(COMMANDS::containsKey);
            }
        }
        return Optional.empty();
    }
}
