package io.coppice.cli.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// `D/run/NAME.pid`: the pid of a running process, under a file lock that the process holds for as
/// long as it lives. The system drops the lock with the process, however it died, so a file without
/// a lock is stale and a pid that was given to a stranger is never mistaken for ours.
///
/// A process must not look up its own file with [#owner]: closing any channel of a file drops the
/// locks that the process has on it.
final class PidFile implements AutoCloseable {
    private static final String OURS = "io.coppice.cli.Main";

    private final Path file;
    private final FileChannel channel;

    private PidFile(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// Takes the file for this process; empty when another one that lives has it.
    static Optional<PidFile> claim(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!lock(channel)) {
            channel.close();
            return Optional.empty();
        }
        channel.truncate(0);
        channel.write(
                ByteBuffer.wrap(
                        (ProcessHandle.current().pid() + "\n")
                                .getBytes(StandardCharsets.US_ASCII)));
        return Optional.of(new PidFile(file, channel));
    }

    /// The process that holds the file, when there is one and it is surely ours.
    static Optional<ProcessHandle> owner(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            if (lock(channel)) {
                return Optional.empty();
            }
        } catch (NoSuchFileException notRunning) {
            return Optional.empty();
        }
        try {
            return ProcessHandle.of(Long.parseLong(Files.readString(file).strip()))
                    .filter(ProcessHandle::isAlive)
                    .filter(PidFile::isOurs);
        } catch (NoSuchFileException | NumberFormatException endedOrStarting) {
            return Optional.empty();
        }
    }

    /// Its command line runs our main class. Where there is no /proc the lock has to be proof
    /// enough.
    private static boolean isOurs(ProcessHandle process) {
        Path commandLine = Path.of("/proc", Long.toString(process.pid()), "cmdline");
        try {
            return !Files.isDirectory(Path.of("/proc/self"))
                    || Files.readString(commandLine, StandardCharsets.ISO_8859_1).contains(OURS);
        } catch (IOException gone) {
            return false;
        }
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException heldByThisProcess) {
            return false;
        }
    }

    /// Removes the file, then lets go of it.
    @Override
    public void close() throws IOException {
        try {
            Files.deleteIfExists(file);
        } finally {
            channel.close();
        }
    }
}
