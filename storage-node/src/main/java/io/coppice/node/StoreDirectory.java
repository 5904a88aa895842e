package io.coppice.node;

import io.coppice.node.disk.FileDisk;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreFormatException;
import io.coppice.node.store.StoreIdentity;
import io.coppice.port.Disk;
import io.coppice.port.Entropy;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One data directory:
///
/// ```
/// STORE      text: the store's uuid, the node's incarnation, the cluster's chunk size once it is known,
///            and the boot of the machine in which the node was last registered
/// chunks/    the chunk store, with a lock that keeps a second process out
/// scrub      text: how far the scrub is; may be lost
/// FAILED     text: the store is down for good, since when and why (R11)
/// ```
///
/// Used by one thread at a time.
final class StoreDirectory implements StoreHome, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StoreDirectory.class);
    private static final String FILE = "STORE";
    private static final String FORMAT = "1";
    private static final String FAILED_FILE = "FAILED";
    private static final String SCRUB_FILE = "scrub";
    private static final String BOOT = "boot";

    /// Of Linux: another one each time the machine starts.
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Path path;
    private final FileDisk lock;
    private final Disk disk;
    private final Properties properties;
    private final @Nullable StoreIdentity identity;
    private final String boot = bootId();
    private @Nullable ChunkStore store;
    private boolean suspect;
    private volatile @Nullable String failure;

    private StoreDirectory(
            Path path,
            FileDisk lock,
            Disk disk,
            Properties properties,
            @Nullable StoreIdentity identity) {
        this.path = path;
        this.lock = lock;
        this.disk = disk;
        this.properties = properties;
        this.identity = identity;
    }

    /// Locks the directory and reads whose it is.
    ///
    /// @throws IOException one line: in use, of a newer format, not readable
    static StoreDirectory lock(Path path, UnaryOperator<Disk> device) throws IOException {
        FileDisk lock = FileDisk.open(path.resolve("chunks"));
        Disk disk = device.apply(lock);
        try {
            StoreIdentity identity = ChunkStore.identify(disk);
            Properties properties = read(path);
            if (identity != null && identity.store() != null) {
                properties.setProperty("uuid", identity.store().toString());
            } else if (properties.getProperty("uuid") == null) {
                Entropy entropy = Entropy.system();
                UUID fresh = new UUID(entropy.nextLong(), entropy.nextLong());
                properties.setProperty("uuid", fresh.toString());
            }
            var directory = new StoreDirectory(path, lock, disk, properties, identity);
            directory.readMark();
            return directory;
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    // ---------------------------------------------------------------- the end of a store (R11)

    private void readMark() throws IOException {
        Path mark = path.resolve(FAILED_FILE);
        if (Files.exists(mark)) {
            failure = Files.readString(mark).strip();
            LOG.error(
                    "store {} stays down: {}; replace the disk, or empty the directory to make a new"
                            + " store of it",
                    path,
                    failure);
        }
    }

    @Override
    public boolean isFailed() {
        return failure != null;
    }

    @Override
    public void fail(String why, long wallMillis) {
        String line = "since " + Instant.ofEpochMilli(wallMillis) + ": " + why.replace('\n', ' ');
        failure = line;
        Path mark = path.resolve(FAILED_FILE);
        try {
            Files.writeString(mark, line + "\n");
            try (var file = FileChannel.open(mark, StandardOpenOption.WRITE)) {
                file.force(true);
            }
        } catch (IOException e) {
            LOG.error(
                    "store {}: its end cannot be written down: {}; replace it before this node is"
                            + " started again",
                    path,
                    e.toString());
        }
    }

    private static Properties read(Path path) throws IOException {
        var properties = new Properties();
        Path file = path.resolve(FILE);
        if (Files.exists(file)) {
            properties.load(new StringReader(Files.readString(file)));
            String format = properties.getProperty("format", "");
            if (!format.equals(FORMAT)) {
                throw new StoreFormatException(
                        "cannot use store directory "
                                + path
                                + ": its format '"
                                + format
                                + "' is not known here, this is format "
                                + FORMAT);
            }
        }
        return properties;
    }

    /// Empty: not a member of a cluster yet.
    String cluster() {
        return identity == null ? "" : identity.cluster();
    }

    /// Empty where the system does not tell: then any restart may have been one of the machine.
    private static String bootId() {
        try {
            return Files.readString(BOOT_ID).strip();
        } catch (IOException e) {
            LOG.debug("the machine's boot is not known: {}", e.toString());
            return "";
        }
    }

    @Override
    public boolean isIntact() {
        return !boot.isEmpty() && boot.equals(properties.getProperty(BOOT));
    }

    @Override
    public void keepBoot() {
        if (store == null || isFailed() || isIntact()) {
            return;
        }
        properties.setProperty(BOOT, boot);
        try {
            save();
        } catch (IOException e) {
            LOG.warn(
                    "store {}: its next start counts as one of the machine: {}",
                    path,
                    e.toString());
        }
    }

    @Override
    public UUID uuid() throws StoreFormatException {
        try {
            return UUID.fromString(properties.getProperty("uuid"));
        } catch (IllegalArgumentException e) {
            throw new StoreFormatException(
                    "cannot use store directory " + path + ": its file STORE is damaged");
        }
    }

    /// Writes down an incarnation above every earlier one, wall-clock time where that is more: so
    /// it grows even when this file is lost.
    long nextIncarnation(long wallMillis) throws IOException {
        long next = Math.max(number("incarnation") + 1, wallMillis);
        properties.setProperty("incarnation", Long.toString(next));
        save();
        return next;
    }

    private long number(String key) throws StoreFormatException {
        try {
            return Long.parseLong(properties.getProperty(key, "0"));
        } catch (NumberFormatException e) {
            throw new StoreFormatException(
                    "cannot use store directory " + path + ": its file STORE is damaged");
        }
    }

    private void save() throws IOException {
        properties.setProperty("format", FORMAT);
        var text = new StringWriter();
        properties.store(text, null);
        Path unfinished = path.resolve(FILE + ".unfinished");
        Files.writeString(unfinished, text.toString(), StandardCharsets.ISO_8859_1);
        try (var file = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
            file.force(true);
        }
        Files.move(
                unfinished,
                path.resolve(FILE),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        try (var directory = FileChannel.open(path)) {
            directory.force(true);
        }
    }

    /// Opens what is there; a store whose cluster is not known yet stays closed.
    void recover(StoreConfig config) throws IOException {
        long chunkBytes = number("chunkBytes");
        if (identity != null && store == null && !isFailed()) {
            open(chunkBytes == 0 ? config : config.withChunkBytes((int) chunkBytes), identity);
        }
    }

    @Override
    public void join(String cluster, StoreConfig config) throws IOException {
        if (store == null) {
            properties.setProperty("chunkBytes", Integer.toString(config.chunkBytes()));
            save();
            open(config, new StoreIdentity(cluster, uuid()));
        }
    }

    private void open(StoreConfig config, StoreIdentity expected) throws IOException {
        var report = new Recovery();
        store = ChunkStore.open(disk, config, expected, report);
        suspect = report.suspect();
        LOG.info("store {}: {}", path, report);
    }

    @Override
    public String scrubProgress() {
        Path file = path.resolve(SCRUB_FILE);
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            LOG.warn("{}: the scrub begins again: {}", file, e.toString());
            return "";
        }
    }

    /// Not synced, and an error does not end the store.
    @Override
    public void keepScrubProgress(String text) {
        Path unfinished = path.resolve(SCRUB_FILE + ".unfinished");
        try {
            Files.writeString(unfinished, text);
            Files.move(
                    unfinished,
                    path.resolve(SCRUB_FILE),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("store {}: how far the scrub is cannot be kept: {}", path, e.toString());
        }
    }

    @Override
    public boolean isOpen() {
        return store != null;
    }

    @Override
    public ChunkStore store() {
        return Objects.requireNonNull(store, "the store is open");
    }

    @Override
    public boolean isSuspect() {
        return suspect;
    }

    @Override
    public long deviceBytes() throws IOException {
        return disk.totalBytes();
    }

    Path path() {
        return path;
    }

    @Override
    public String toString() {
        return path.toString();
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            if (store != null) {
                store.close();
            }
        }
    }
}
