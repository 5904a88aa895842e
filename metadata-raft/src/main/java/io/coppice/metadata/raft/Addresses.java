package io.coppice.metadata.raft;

import java.net.InetSocketAddress;

/// `host:port` texts as socket addresses.
public final class Addresses {
    private Addresses() {}

    /// @param key what the configuration calls it, for the message
    public static InetSocketAddress parse(String key, String address) throws StartupException {
        int colon = address.lastIndexOf(':');
        try {
            int port = Integer.parseInt(address.substring(colon + 1));
            if (colon > 0 && port >= 0 && port <= 65_535) {
                String host = address.substring(0, colon);
                boolean bracketed = host.startsWith("[") && host.endsWith("]");
                return new InetSocketAddress(
                        bracketed ? host.substring(1, host.length() - 1) : host, port);
            }
        } catch (NumberFormatException notANumber) {
            // Told below.
        }
        throw new StartupException(key + " is '" + address + "', which is not HOST:PORT");
    }
}
