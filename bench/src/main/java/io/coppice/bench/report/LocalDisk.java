package io.coppice.bench.report;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A limit: a file on the local disk, past the page cache, without NBD. Every store of the cluster
/// lies on the same disk.
final class LocalDisk implements Subject {
    private final Fio fio;
    private final Path file;

    LocalDisk(Fio fio) throws IOException {
        this.fio = fio;
        file = fio.commands().dir().resolve("disk.raw");
        create(file, fio.options().areaBytes());
    }

    /// A file of this length without any block.
    static void create(Path file, long bytes) throws IOException {
        try (var opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(bytes);
        }
    }

    @Override
    public String name() {
        return "local disk";
    }

    @Override
    public boolean runs(Row row) {
        return row.kind() == Row.Kind.FILL || row.kind() == Row.Kind.STEADY;
    }

    @Override
    public Figures run(Row row, int run) throws IOException {
        String engine = row.depth() == 1 ? "psync" : "libaio";
        return fio.run(
                "local-disk",
                List.of("--ioengine=" + engine, "--direct=1", "--filename=" + file),
                Map.of(),
                row,
                run);
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
