package io.coppice.tls;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Whether a server may start: with credentials anywhere, without only where nobody else is, and
/// only when that is asked for.
public final class Exposure {
    private Exposure() {}

    /// One line for the operator.
    public static final class Refused extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /// @param dir the credentials directory; empty: there is none
    /// @param insecure the operator wants everything in the clear
    /// @param listens addresses that the server listens on, `HOST:PORT` or `unix:PATH`
    /// @return the directory; empty: in the clear
    /// @throws Refused it may not start like that
    public static Optional<Path> credentials(String dir, boolean insecure, List<String> listens) {
        if (!dir.isEmpty()) {
            if (insecure) {
                throw new Refused(
                        "tls.dir and insecure = true contradict each other: take one of them out");
            }
            return Optional.of(Path.of(dir));
        }
        if (!insecure) {
            throw new Refused(
                    "tls.dir is missing: name a directory with ca.crt, tls.crt and tls.key"
                            + " (coppice cert issue makes one), or say insecure = true on one"
                            + " machine");
        }
        requireLocal(listens);
        return Optional.empty();
    }

    private static void requireLocal(List<String> listens) {
        for (String address : listens) {
            if (!isLocal(address)) {
                throw new Refused(
                        "insecure = true is for loopback addresses and unix sockets only, and "
                                + address
                                + " is neither: name credentials with tls.dir");
            }
        }
    }

    /// Whether only this machine reaches it.
    public static boolean isLocal(String address) {
        if (address.startsWith("unix:")) {
            return true;
        }
        int colon = address.lastIndexOf(':');
        String host = colon < 0 ? address : address.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            return !host.isEmpty() && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException elsewhere) {
            return false;
        }
    }
}
