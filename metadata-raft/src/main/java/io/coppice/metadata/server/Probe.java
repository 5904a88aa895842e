package io.coppice.metadata.server;

import io.coppice.metadata.raft.Addresses;
import io.coppice.metadata.raft.StartupException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;

/// Asks an address whether anybody listens.
final class Probe {
    private static final int CONNECT_MILLIS = 300;

    private Probe() {}

    /// True only when the machine answers that nobody does: silence proves nothing.
    static boolean refusesConnections(String address) {
        try (var socket = new Socket()) {
            socket.connect(Addresses.parse("address", address), CONNECT_MILLIS);
            return false;
        } catch (ConnectException refused) {
            return String.valueOf(refused.getMessage()).contains("refused");
        } catch (IOException | StartupException unknown) {
            return false;
        }
    }
}
