package io.coppice.nbd;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/// The files of unix sockets, which outlive their servers.
final class UnixSockets {
    /// What the kernel has room for, without the final NUL.
    private static final int PATH_BYTES_MAX = 107;

    private UnixSockets() {}

    /// Makes room for a server at `path`: the socket of a dead server is removed.
    ///
    /// @throws IOException when a server lives there, or something that is no socket
    static void prepare(Path path) throws IOException {
        String where = "cannot listen on unix:" + path + ": ";
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > PATH_BYTES_MAX) {
            throw new IOException(where + "the path is longer than 107 bytes");
        }
        var folder = path.toAbsolutePath().getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            throw new IOException(where + "the folder " + folder + " does not exist");
        }
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        var attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new IOException(where + "the path exists and is no socket");
        }
        if (isAlive(path)) {
            throw new IOException(where + "the address is in use by a running server");
        }
        Files.deleteIfExists(path);
    }

    static void remove(Path path) throws IOException {
        Files.deleteIfExists(path);
    }

    private static boolean isAlive(Path path) {
        try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException refused) {
            return false; // nobody listens: the file is a leftover
        }
    }
}
