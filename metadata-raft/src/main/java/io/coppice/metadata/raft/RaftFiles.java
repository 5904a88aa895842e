package io.coppice.metadata.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;

/// The files of the quorum in a server's directory.
public final class RaftFiles {
    private RaftFiles() {}

    static Path folder(Path dir) {
        return dir.resolve("raft");
    }

    /// Whether there is a log or a snapshot below `dir`. Votes alone do not count.
    public static boolean holdLog(Path dir) throws IOException {
        if (!Files.exists(folder(dir))) {
            return false;
        }
        try (var files = Files.walk(folder(dir))) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .anyMatch(name -> name.startsWith("log_") || name.startsWith("snapshot."));
        }
    }

    /// Removes them all.
    public static void remove(Path dir) throws IOException {
        try (var files = Files.walk(folder(dir))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (NoSuchFileException nothingThere) {
            return;
        }
    }
}
