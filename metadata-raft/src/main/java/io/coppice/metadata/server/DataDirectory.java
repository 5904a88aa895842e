package io.coppice.metadata.server;

import io.coppice.metadata.raft.StartupException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/// Makes sure that a data directory is ours: used by one process, of a format that we know, of this
/// server and of this cluster. The mark is the file `coppice-metadata`, three `name=value` lines.
final class DataDirectory implements AutoCloseable {
    private static final int FORMAT = 1;
    private static final String MARK = "coppice-metadata";

    private final Path dir;
    private final FileChannel lock;

    private DataDirectory(Path dir, FileChannel lock) {
        this.dir = dir;
        this.lock = lock;
    }

    /// Takes the directory over, creating it when it is not there.
    ///
    /// @param cluster the cluster that the configuration names, or empty
    static DataDirectory open(Path dir, String server, String cluster) throws StartupException {
        FileChannel lock = null;
        try {
            Files.createDirectories(dir);
            lock = lock(dir);
            var mark = read(dir);
            if (mark == null) {
                refuseForeign(dir);
            } else {
                check(dir, mark, server, cluster);
            }
            write(dir, server, chosen(mark, cluster));
            return new DataDirectory(dir, lock);
        } catch (IOException failed) {
            close(lock);
            throw new StartupException(
                    "cannot use data directory "
                            + dir
                            + ": "
                            + why(failed)
                            + "; check that it exists and may be written");
        } catch (StartupException refused) {
            close(lock);
            throw refused;
        }
    }

    private static String chosen(@Nullable Properties mark, String cluster) {
        return cluster.isEmpty() && mark != null ? mark.getProperty("cluster", "") : cluster;
    }

    private static FileChannel lock(Path dir) throws IOException, StartupException {
        var channel =
                FileChannel.open(
                        dir.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException heldByThisProcess) {
            // The same answer as for another process.
        }
        channel.close();
        throw new StartupException(
                "data directory " + dir + " is in use by another metadata server; stop it first");
    }

    private static @Nullable Properties read(Path dir) throws IOException, StartupException {
        Path file = dir.resolve(MARK);
        if (!Files.exists(file)) {
            return null;
        }
        var properties = new Properties();
        try {
            properties.load(new StringReader(Files.readString(file)));
        } catch (IllegalArgumentException | java.nio.charset.CharacterCodingException damaged) {
            throw new StartupException(
                    file + " is damaged; restore it or start this server with an empty directory");
        }
        return properties;
    }

    private static void check(Path dir, Properties mark, String server, String cluster)
            throws StartupException {
        int format;
        try {
            format = Integer.parseInt(mark.getProperty("format", "").strip());
        } catch (NumberFormatException damaged) {
            throw new StartupException(
                    dir.resolve(MARK)
                            + " is damaged; restore it or start this server with an empty directory");
        }
        if (format > FORMAT) {
            throw new StartupException(
                    "data directory "
                            + dir
                            + " has format "
                            + format
                            + ", this program knows formats up to "
                            + FORMAT
                            + "; use the newer version that wrote it");
        }
        String owner = mark.getProperty("server", "");
        if (!owner.equals(server)) {
            throw new StartupException(
                    "data directory "
                            + dir
                            + " belongs to metadata server '"
                            + owner
                            + "', not to '"
                            + server
                            + "'");
        }
        String of = mark.getProperty("cluster", "");
        if (!of.isEmpty() && !cluster.isEmpty() && !of.equals(cluster)) {
            throw new StartupException(
                    "data directory " + dir + " belongs to cluster " + of + ", not to " + cluster);
        }
    }

    private static void refuseForeign(Path dir) throws IOException, StartupException {
        try (var files = Files.list(dir)) {
            var foreign =
                    files.map(file -> String.valueOf(file.getFileName()))
                            .filter(name -> !name.equals("lock") && !name.startsWith(MARK))
                            .sorted()
                            .findFirst();
            if (foreign.isPresent()) {
                throw new StartupException(
                        "data directory "
                                + dir
                                + " holds '"
                                + foreign.get()
                                + "' and is no metadata directory; use an empty one");
            }
        }
    }

    private static void write(Path dir, String server, String cluster) throws IOException {
        String text = "format=" + FORMAT + "\nserver=" + server + "\ncluster=" + cluster + "\n";
        Path file = dir.resolve(MARK);
        if (Files.exists(file) && Files.readString(file).equals(text)) {
            return;
        }
        Path temporary = dir.resolve(MARK + ".tmp");
        try (var channel =
                FileChannel.open(
                        temporary,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            var bytes = java.nio.ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        sync(dir);
    }

    /// Makes what was created, renamed or deleted in `dir` durable.
    static void sync(Path dir) throws IOException {
        try (var channel = FileChannel.open(dir, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static String why(IOException failed) {
        return failed.getClass().getSimpleName() + " " + failed.getMessage();
    }

    Path path() {
        return dir;
    }

    @Override
    public void close() {
        close(lock);
    }

    private static void close(@Nullable FileChannel lock) {
        if (lock != null) {
            try {
                lock.close();
            } catch (IOException leftToTheSystem) {
                // The operating system drops the lock with the process.
            }
        }
    }
}
