package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.port.Entropy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;

/// Loopback ports: free ones for a new cluster, and whether those of an old one can be had.
final class Ports {
    static final String HOST = "127.0.0.1";

    /// Below the range from which systems take the ports of outgoing connections, so that a port
    /// which is free today is not lost to some connection at the next start.
    private static final int FIRST = 20_000;

    private static final int COUNT = 12_000;
    private static final int TRIES_MAX = 1_000;

    private final Set<Integer> given = new HashSet<>();

    /// A port that nobody listens on, another one with every call.
    int free() {
        for (int i = 0; i < TRIES_MAX; i++) {
            int port = FIRST + (int) Long.remainderUnsigned(Entropy.system().nextLong(), COUNT);
            if (!given.contains(port) && canListen(HOST, port)) {
                given.add(port);
                return port;
            }
        }
        throw new CliException(
                ExitCode.FAILED, "no free port between " + FIRST + " and " + (FIRST + COUNT));
    }

    /// Refuses to go on when somebody else listens on `host:port`.
    static void requireFree(String host, int port, String who, String advice) {
        if (port != 0 && !canListen(host, port)) {
            throw new CliException(
                    ExitCode.FAILED,
                    "port " + host + ":" + port + " (" + who + ") is in use: " + advice);
        }
    }

    private static boolean canListen(String host, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByName(host), port), 1);
            return true;
        } catch (IOException inUse) {
            return false;
        }
    }
}
