package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.wire.pb.AccessRefused;

/// What servers have refused by themselves goes into the audit log, which bounds what it tells of
/// one principal.
final class RefusedNotes {
    private static final String HANDSHAKE = "CONNECT";

    private RefusedNotes() {}

    /// @param server who says so, as `node NAME` or `metadata server NAME`
    static void tell(Leadership leadership, String server, AccessRefused refused) {
        String who = refused.getHolder().isEmpty() ? "unknown" : refused.getHolder();
        boolean handshake = refused.getWhat().equals(HANDSHAKE);
        String why =
                handshake
                        ? refused.getWhy()
                        : refused.getWhat() + " on " + server + ": " + refused.getWhy();
        leadership.note(
                new Caller(who, refused.getFrom(), false),
                handshake ? "connect" : "access chunks",
                handshake ? server : volume(leadership, refused.getVolume()),
                why + more(refused.getCount()));
    }

    private static String volume(Leadership leadership, long id) {
        return leadership
                .read(view -> view.volume(id))
                .map(found -> "volume " + found.name())
                .orElse("volume id " + id);
    }

    private static String more(long count) {
        return count > 1 ? " (and " + (count - 1) + " more)" : "";
    }
}
