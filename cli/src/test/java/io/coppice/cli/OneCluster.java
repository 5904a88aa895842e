package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.coppice.cli.local.LocalCluster;
import io.coppice.cli.local.UpOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Gives tests one whole cluster in this process, the same to all of them: three metadata servers,
/// three nodes, a gateway. Who takes names that others use, or leaves something in the trash,
/// disturbs them.
final class OneCluster implements BeforeAllCallback {
    private static @Nullable Running running;

    private record Running(Path dir, LocalCluster cluster) implements AutoCloseable {
        static Running start() {
            try {
                Path dir = Files.createTempDirectory("coppice-cli-");
                var running = new Running(dir, LocalCluster.claim(options(dir)));
                running.cluster.start();
                return running;
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        private static UpOptions options(Path dir) {
            return new UpOptions(
                    dir.resolve("c"),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of("unix:" + socket(dir)),
                    false,
                    Duration.ofHours(24),
                    false,
                    Duration.ofSeconds(120));
        }

        @Override
        public void close() throws IOException {
            cluster.close();
            try (var files = Files.walk(dir)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        running =
                context.getRoot()
                        .getStore(ExtensionContext.Namespace.GLOBAL)
                        .computeIfAbsent(OneCluster.class, key -> Running.start(), Running.class);
    }

    private static Running running() {
        return Objects.requireNonNull(running);
    }

    /// For files; goes at the end.
    static Path dir() {
        return running().dir;
    }

    /// Where the cluster's authority is.
    static Path authority() {
        return dir().resolve("c/tls/ca");
    }

    static Path nbdSocket() {
        return socket(dir());
    }

    private static Path socket(Path dir) {
        return dir.resolve("nbd.sock");
    }

    /// @param text what was printed, or when it failed why
    record Answer(int exitCode, String text) {}

    static Answer call(List<String> args) {
        return callAs(running().cluster.file().identity(), args);
    }

    /// @param identity a credentials directory
    static Answer callAs(String identity, List<String> args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        List<String> all = new ArrayList<>(args);
        all.addAll(
                List.of(
                        "--endpoint",
                        String.join(",", running().cluster.file().endpoints()),
                        "--identity",
                        identity,
                        "--timeout",
                        "60s"));
        int exitCode =
                Main.run(new PrintWriter(out), new PrintWriter(err), all.toArray(new String[0]));
        assertTrue(err.toString().lines().count() <= 1, err.toString());
        return new Answer(exitCode, exitCode == 0 ? out.toString() : err.toString());
    }

    /// What a command prints.
    static String run(int exitCode, String... args) {
        Answer answer = call(List.of(args));
        assertEquals(exitCode, answer.exitCode, String.join(" ", args) + ": " + answer.text);
        return answer.text;
    }

    static JsonElement json(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("-o", "json"));
        return JsonParser.parseString(run(0, all.toArray(new String[0])));
    }
}
