package io.coppice.cli.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Command lines for processes of our own: this JVM, these jars, other sizes.
final class JavaCommand {
    /// The launcher's cache of loaded classes, which makes servers start in half the time.
    private static final String CACHE_PROPERTY = "coppice.aot";

    private static final String EXTRA_OPTIONS = "COPPICE_JAVA_OPTS";

    /// Ours, and those that gRPC and Ratis bring.
    private static final List<String> NETTYS =
            List.of(
                    "io.netty",
                    "io.grpc.netty.shaded.io.netty",
                    "org.apache.ratis.thirdparty.io.netty");

    private static final List<String> SETSID = List.of("/usr/bin/setsid", "/bin/setsid");

    private JavaCommand() {}

    /// A JVM for one server: together those of a fresh cluster stay far below 1.5 GiB.
    static List<String> jvm(ServerKind kind) {
        return switch (kind) {
            case METADATA -> jvm("-Xms24m", "-Xmx512m", "-XX:MaxDirectMemorySize=128m");
            case NODE -> jvm("-Xms32m", "-Xmx512m", "-XX:MaxDirectMemorySize=256m");
            case GATEWAY -> jvm("-Xms24m", "-Xmx384m", "-XX:MaxDirectMemorySize=320m");
        };
    }

    /// A JVM for a whole cluster.
    static List<String> jvmForAll() {
        return jvm("-Xms64m", "-Xmx1g", "-XX:MaxDirectMemorySize=512m");
    }

    private static List<String> jvm(String... sizes) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(sizes));
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-Xss512k",
                        "-XX:ReservedCodeCacheSize=96m",
                        "-XX:+ExitOnOutOfMemoryError",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Dio.netty.allocator.numDirectArenas=2",
                        "-Dio.netty.allocator.numHeapArenas=1"));
        for (String netty : NETTYS) {
            command.add("-D" + netty + ".jfr.enabled=false");
            command.add("-D" + netty + ".leakDetection.level=disabled");
        }
        @Nullable String cache = System.getProperty(CACHE_PROPERTY);
        if (cache != null && Files.exists(Path.of(cache))) {
            command.add("-XX:AOTCache=" + cache);
            command.add("-Xlog:disable");
            command.add("-D" + CACHE_PROPERTY + "=" + cache);
        }
        @Nullable String extra = System.getenv(EXTRA_OPTIONS);
        if (extra != null && !extra.isBlank()) {
            command.addAll(List.of(extra.strip().split("\\s+")));
        }
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add("io.coppice.cli.Main");
        return command;
    }

    /// Starts it in the background; what it prints goes to `output`, which starts empty.
    static Process start(List<String> command, Path output) {
        List<String> all = new ArrayList<>();
        SETSID.stream()
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .ifPresent(all::add);
        all.addAll(command);
        ProcessBuilder builder =
                new ProcessBuilder(all)
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectOutput(output.toFile())
                        .redirectErrorStream(true);
        builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
        try {
            return builder.start();
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot start " + command.getFirst(), failed);
        }
    }
}
