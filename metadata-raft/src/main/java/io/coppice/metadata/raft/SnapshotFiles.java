package io.coppice.metadata.raft;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;

/// Snapshot files that are whole or absent: written under another name, synced, renamed, the
/// directory synced, and only then announced, because the log behind an announced snapshot is
/// purged.
final class SnapshotFiles {
    private static final int BUFFER_BYTES = 1 << 18;

    private SnapshotFiles() {}

    /// Writes the state to a stream.
    @FunctionalInterface
    interface Writer {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Reads the state from a stream.
    @FunctionalInterface
    interface Reader {
        void readFrom(InputStream in) throws IOException;
    }

    /// When this returns the snapshot is durable and the newest of `storage`. The bytes written.
    static long write(SimpleStateMachineStorage storage, TermIndex at, Writer writer)
            throws IOException {
        File target = storage.getSnapshotFile(at.getTerm(), at.getIndex());
        Path temporary = target.toPath().resolveSibling(target.getName() + ".tmp");
        var md5 = MD5FileUtil.newMD5();
        try (var file = new FileOutputStream(temporary.toFile());
                var out =
                        new DigestOutputStream(new BufferedOutputStream(file, BUFFER_BYTES), md5)) {
            writer.writeTo(out);
            out.flush();
            file.getChannel().force(true);
        } catch (IOException | RuntimeException failed) {
            Files.deleteIfExists(temporary);
            throw failed;
        }
        var hash = MD5Hash.newInstance(md5.digest());
        MD5FileUtil.saveMD5File(target, hash);
        Files.move(temporary, target.toPath(), StandardCopyOption.ATOMIC_MOVE);
        syncDirectory(target.toPath().getParent());
        storage.updateLatestSnapshot(
                new SingleFileSnapshotInfo(
                        new FileInfo(target.toPath(), hash), at.getTerm(), at.getIndex()));
        return target.length();
    }

    /// Reads a snapshot and compares its digest with the one stored beside it.
    static void read(SingleFileSnapshotInfo snapshot, Reader reader) throws IOException {
        Path path = snapshot.getFile().getPath();
        var md5 = MD5FileUtil.newMD5();
        try (var in =
                new DigestInputStream(
                        new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES), md5)) {
            reader.readFrom(in);
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException | RuntimeException unreadable) {
            // Not as the cause: what names the file is to be told.
            var told =
                    new IOException(
                            "snapshot " + path + " is damaged or cannot be read: " + unreadable);
            told.addSuppressed(unreadable);
            throw told;
        }
        MD5Hash stored = snapshot.getFile().getFileDigest();
        if (stored != null && !stored.equals(MD5Hash.newInstance(md5.digest()))) {
            throw new IOException("snapshot " + path + " is damaged: its checksum does not match");
        }
    }

    private static void syncDirectory(@org.jspecify.annotations.Nullable Path dir)
            throws IOException {
        if (dir == null) {
            return;
        }
        try (var channel = FileChannel.open(dir, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
