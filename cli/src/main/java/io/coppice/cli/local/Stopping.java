package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// Stops the processes of a cluster, the front doors first, and only processes that are surely
/// ours.
public final class Stopping {
    /// A clean stop takes a second; a store that syncs gigabytes takes longer.
    private static final long PATIENCE_SECONDS = 30;

    private Stopping() {}

    /// Stops whatever of the cluster runs.
    ///
    /// @param tell hears a line for each process that had to be killed
    /// @return how many processes were stopped
    public static int stopAll(Layout layout, Consumer<String> tell) throws IOException {
        if (!Files.isDirectory(layout.dir().resolve("run"))) {
            return 0;
        }
        List<String> names = new ArrayList<>();
        try (var files = Files.newDirectoryStream(layout.dir().resolve("run"), "*.pid")) {
            for (Path file : files) {
                String fileName = file.getFileName().toString();
                names.add(fileName.substring(0, fileName.length() - ".pid".length()));
            }
        }
        // The process of `up` stops its servers itself, in the right order; what is left is stopped
        // here.
        int stopped = names.remove(Layout.UP) ? stop(layout, List.of(Layout.UP), tell) : 0;
        stopped += stop(layout, names, tell);
        Files.deleteIfExists(layout.clusterJson());
        return stopped;
    }

    /// Stops the servers of these names: gateways, then nodes, then metadata servers.
    static int stop(Layout layout, List<String> names, Consumer<String> tell) throws IOException {
        Map<Integer, Map<String, ProcessHandle>> waves = new java.util.TreeMap<>();
        for (String name : names) {
            Optional<ProcessHandle> process = PidFile.owner(layout.pid(name));
            if (process.isPresent()) {
                waves.computeIfAbsent(wave(name), wave -> new LinkedHashMap<>())
                        .put(name, process.get());
            } else {
                Files.deleteIfExists(layout.pid(name));
            }
        }
        int stopped = 0;
        for (Map<String, ProcessHandle> wave : waves.values()) {
            wave.values().forEach(ProcessHandle::destroy);
            for (Map.Entry<String, ProcessHandle> server : wave.entrySet()) {
                await(server.getKey(), server.getValue(), tell);
                Files.deleteIfExists(layout.pid(server.getKey()));
                stopped++;
            }
        }
        return stopped;
    }

    private static int wave(String name) {
        return name.startsWith("meta") ? 2 : name.startsWith("node") ? 1 : 0;
    }

    private static void await(String name, ProcessHandle process, Consumer<String> tell) {
        try {
            process.onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException stuck) {
            tell.accept(
                    name
                            + " (pid "
                            + process.pid()
                            + ") did not stop within "
                            + PATIENCE_SECONDS
                            + " s and was killed");
            process.destroyForcibly();
            process.onExit().join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CliException(
                    ExitCode.FAILED, "interrupted while waiting for " + name, interrupted);
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
