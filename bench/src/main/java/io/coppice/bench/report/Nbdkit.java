package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A limit: what fio and NBD do when there is nearly nothing behind them.
final class Nbdkit implements Subject {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration LOOK = Duration.ofMillis(50);

    private final String name;
    private final Fio fio;
    private final Path socket;
    private final Process server;
    private final List<Path> files;

    private Nbdkit(String name, Fio fio, List<String> plugin, List<Path> files) throws IOException {
        this.name = name;
        this.fio = fio;
        this.files = files;
        Path dir = fio.commands().dir();
        socket = dir.resolve(name.replace(' ', '-') + ".sock");
        var command = new ArrayList<>(List.of("nbdkit", "-f", "-U", socket.toString()));
        command.addAll(plugin);
        Path log = dir.resolve("nbdkit.log");
        server = fio.commands().start(log, command);
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(socket)) {
            if (!server.isAlive() || System.nanoTime() - end > 0) {
                close();
                throw new IOException(
                        command + " does not serve: " + Files.readString(log).strip());
            }
            Commands.pause(LOOK);
        }
    }

    static Nbdkit memory(Fio fio) throws IOException {
        String size = Long.toString(fio.options().areaBytes());
        return new Nbdkit("nbdkit memory", fio, List.of("memory", size), List.of());
    }

    static Nbdkit file(Fio fio) throws IOException {
        Path file = fio.commands().dir().resolve("nbdkit.raw");
        LocalDisk.create(file, fio.options().areaBytes());
        return new Nbdkit("nbdkit file", fio, List.of("file", file.toString()), List.of(file));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean runs(Row row) {
        return row.kind() == Row.Kind.FILL || row.kind() == Row.Kind.STEADY;
    }

    @Override
    public Figures run(Row row, int run) throws IOException {
        List<String> engine = List.of("--ioengine=nbd", "--uri=nbd+unix:///?socket=" + socket);
        return fio.run(
                socket.getFileName().toString(), engine, Map.of("nbdkit", server.pid()), row, run);
    }

    @Override
    public void close() throws IOException {
        Commands.stop(server);
        Files.deleteIfExists(socket);
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
