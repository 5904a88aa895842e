package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands of the operator's handbook, as they stand there: every block that begins with `sh
/// 1,2` is run on the machines 1 and 2, with real servers. A machine is a mount namespace with
/// folders of its own, and an address of the loopback device of one network namespace.
class HandbookTest {
    private static final Pattern BLOCK =
            Pattern.compile("(?ms)^```sh ([1-4](?:,[1-4])*)\\n(.*?)^```$");
    private static final int MINUTES_MAX = 10;
    private static final int LINES_SHOWN = 60;

    @TempDir Path dir;

    @Test
    void theCommandsDoWhatTheHandbookSays() throws Exception {
        List<String> sections = writeSteps();
        assertTrue(sections.size() > 10, sections::toString);
        Path output = dir.resolve("output");
        Process process = start(output);
        boolean ended = false;
        try {
            ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
        } finally {
            process.destroyForcibly();
        }
        List<String> said = Files.readAllLines(output);
        String tail =
                String.join(
                        "\n", said.subList(Math.max(0, said.size() - LINES_SHOWN), said.size()));
        assertTrue(ended, "does not end: " + tail);
        assertEquals(0, process.exitValue(), () -> tail + logs());
    }

    private List<String> writeSteps() throws IOException {
        Files.createDirectories(dir.resolve("steps"));
        Files.createDirectories(dir.resolve("machines"));
        Matcher block =
                BLOCK.matcher(Deployed.text(Deployed.ROOT.resolve("docs").resolve("handbook.md")));
        var written = new ArrayList<String>();
        while (block.find()) {
            for (String machine : block.group(1).split(",")) {
                String name = String.format(Locale.ROOT, "%02d-%s", written.size() + 1, machine);
                Files.writeString(dir.resolve("steps").resolve(name), block.group(2));
                written.add(name);
            }
        }
        return written;
    }

    private Process start(Path output) throws Exception {
        Path scripts = Deployed.ROOT.resolve("chaos-tests/src/test/resources/io/coppice/deploy");
        Path arguments = dir.resolve("arguments");
        Files.writeString(
                arguments,
                """
                -Xms32m -Xmx384m -Xss512k -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC
                -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED
                --sun-misc-unsafe-memory-access=allow
                -cp "%s"
                """
                        .formatted(System.getProperty("java.class.path")));
        var command = new ArrayList<>(List.of("unshare"));
        if (!Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
            command.addAll(List.of("--user", "--map-root-user"));
        }
        command.addAll(
                List.of("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"));
        command.addAll(
                List.of(
                        "bash",
                        scripts.resolve("handbook.sh").toString(),
                        dir.resolve("steps").toString(),
                        dir.resolve("machines").toString()));
        var builder = new ProcessBuilder(command);
        builder.environment().put("CHECKOUT", Deployed.ROOT.toString());
        builder.environment()
                .put(
                        "COPPICE_JAVA",
                        Path.of(System.getProperty("java.home"), "bin/java").toString());
        builder.environment().put("COPPICE_ARGUMENTS", arguments.toString());
        return builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    }

    /// The ends of the servers' logs.
    private String logs() {
        var text = new StringBuilder();
        try (var files = Files.find(dir, 4, (path, file) -> path.toString().contains("/log/"))) {
            for (Path log : files.toList()) {
                List<String> lines = Files.readAllLines(log);
                text.append("\n--- ").append(dir.relativize(log)).append('\n');
                text.append(
                        String.join(
                                "\n",
                                lines.subList(
                                        Math.max(0, lines.size() - LINES_SHOWN / 3),
                                        lines.size())));
            }
        } catch (IOException unreadable) {
            text.append(unreadable);
        }
        return text.toString();
    }
}
