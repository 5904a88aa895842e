package io.coppice.chaos.cluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Command lines of servers and clients: this JVM, the jars of the launcher's build where there is
/// one, else those of this process.
public final class JavaProgram {
    private static final String CLASS_PATH = "coppice.classpath";
    private static final String CACHE = "coppice.aot";

    private JavaProgram() {}

    /// A server of Coppice.
    ///
    /// @param changed classes that take the place of the built ones; null: none do
    /// @param options for its JVM
    static List<String> server(@Nullable Path changed, List<String> options, String... arguments) {
        String built = System.getProperty(CLASS_PATH, System.getProperty("java.class.path"));
        var command = jvm();
        @Nullable String cache = System.getProperty(CACHE);
        if (changed == null && cache != null && Files.exists(Path.of(cache))) {
            command.add("-XX:AOTCache=" + cache);
            command.add("-Xlog:disable");
        }
        command.addAll(options);
        command.addAll(
                List.of(
                        "-XX:MaxDirectMemorySize=256m",
                        "-cp",
                        changed == null ? built : changed + ":" + built,
                        "io.coppice.cli.Main"));
        command.addAll(List.of(arguments));
        return command;
    }

    /// The command of administrators.
    public static List<String> command(String... arguments) {
        return server(null, List.of(), arguments);
    }

    /// A program of the harness.
    public static List<String> harness(@Nullable Path changed, String main) {
        String jars = System.getProperty("java.class.path");
        var command = jvm();
        command.addAll(List.of("-cp", changed == null ? jars : changed + ":" + jars, main));
        return command;
    }

    private static List<String> jvm() {
        return new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-ea",
                        "-Xms32m",
                        "-Xmx512m",
                        "-Xss512k",
                        "-XX:+UseSerialGC",
                        "-XX:+ExitOnOutOfMemoryError",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow"));
    }
}
