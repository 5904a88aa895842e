package io.coppice.cluster;

import io.coppice.port.Entropy;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/// Loopback addresses for servers that must know each other's before any of them listens. They lie
/// below the range from which systems take the ports of outgoing connections, so that no connection
/// of another test takes one between the choice and its use.
final class FreePorts {
    private static final int FIRST = 11_000;
    private static final int COUNT = 9_000;
    private static final int TRIES_MAX = 1_000;

    /// A datagram socket on each port that was given, open as long as this process lives. It is in
    /// no server's way, and tells other processes that the port is taken before anybody listens:
    /// tests of one module run in several processes, and those of several modules at once.
    private static final List<DatagramSocket> claims = new ArrayList<>();

    private FreePorts() {}

    /// `host:port` that nobody listens on, and that nobody else is given.
    static synchronized String address() {
        for (int i = 0; i < TRIES_MAX; i++) {
            int port = FIRST + (int) Long.remainderUnsigned(Entropy.system().nextLong(), COUNT);
            if (claim(port) && canListen(port)) {
                return "127.0.0.1:" + port;
            }
        }
        throw new AssertionError("no free port from " + FIRST + " on");
    }

    private static boolean claim(int port) {
        try {
            claims.add(new DatagramSocket(port, InetAddress.getLoopbackAddress()));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    private static boolean canListen(int port) {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1);
            return true;
        } catch (IOException inUse) {
            return false;
        }
    }
}
