package io.coppice.nbd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What some files say; read again when one of them has changed, so that certificates and keys are
/// exchanged without a restart. Thread-safe.
final class WatchedFiles<T> {
    private static final Logger log = LoggerFactory.getLogger(WatchedFiles.class);

    /// Reads the files; the message of its exception is one line for a user.
    interface Reader<T> {
        T read() throws IOException;
    }

    private record Stamp(FileTime modified, long bytes, @Nullable Object file) {
        private static final Stamp MISSING = new Stamp(FileTime.fromMillis(0), -1, null);

        static Stamp of(Path path) {
            try {
                var attributes = Files.readAttributes(path, BasicFileAttributes.class);
                return new Stamp(
                        attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
            } catch (IOException missing) {
                return MISSING;
            }
        }
    }

    private final List<Path> files;
    private final Reader<T> reader;
    private List<Stamp> seen;
    private T value;

    /// @throws IOException when the files cannot be used
    WatchedFiles(List<Path> files, Reader<T> reader) throws IOException {
        this.files = List.copyOf(files);
        this.reader = reader;
        this.seen = stamps();
        this.value = reader.read();
    }

    /// What the files say now. While they cannot be used, what they said before.
    synchronized T current() {
        // Looked at before they are read: what changes in between is read once more.
        var now = stamps();
        if (!now.equals(seen)) {
            seen = now;
            try {
                value = reader.read();
                log.info("read {} again", files);
            } catch (IOException e) {
                log.warn("the former content of {} stays in use: {}", files, e.getMessage());
            }
        }
        return value;
    }

    private List<Stamp> stamps() {
        var stamps = new ArrayList<Stamp>(files.size());
        for (var file : files) {
            stamps.add(Stamp.of(file));
        }
        return stamps;
    }
}
