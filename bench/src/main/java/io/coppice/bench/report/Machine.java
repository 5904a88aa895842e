package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a reader must know of the machine.
final class Machine {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final double GIB = 1 << 30;

    private Machine() {}

    /// @param root of the repository
    static Map<String, String> facts(Commands commands, Path root) throws IOException {
        var facts = new LinkedHashMap<String, String>();
        String processors = Files.readString(Path.of("/proc/cpuinfo"));
        String memory = Files.readString(Path.of("/proc/meminfo"));
        facts.put(
                "processor",
                Runtime.getRuntime().availableProcessors() + " x " + model(processors));
        facts.put(
                "memory", Numbers.show(ProcText.field(memory, "MemTotal:") * 1024 / GIB) + " GiB");
        facts.put(
                "system",
                System.getProperty("os.name")
                        + " "
                        + System.getProperty("os.version")
                        + " "
                        + System.getProperty("os.arch"));
        facts.put("file system of the work folder", Files.getFileStore(commands.dir()).type());
        facts.put(
                "commit",
                said(commands, "git", "-C", root.toString(), "describe", "--always", "--dirty"));
        facts.put("java", System.getProperty("java.vm.version", "?"));
        facts.put("fio", said(commands, "fio", "--version"));
        facts.put("nbdkit", said(commands, "nbdkit", "--version"));
        facts.put("load when it began", Files.readString(Path.of("/proc/loadavg")).strip());
        return facts;
    }

    static String model(String cpuinfo) {
        return cpuinfo.lines()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static String said(Commands commands, String... command) {
        try {
            return commands.run(PATIENCE, List.of(command)).strip();
        } catch (IOException missing) {
            return "none";
        }
    }
}
