package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.ReportRefused;

/// What servers have refused by themselves goes into the audit log, which bounds what it tells of
/// one principal.
final class RefusedNotes {
    private static final String HANDSHAKE = "CONNECT";

    /// Of one report.
    private static final int REPORTED_MAX = 64;

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

    /// What a gateway says of its port stands under the gateway's name: the cluster has not seen
    /// who came there.
    static void tell(Leadership leadership, Caller gateway, ReportRefused report) {
        report.getRefusedList().stream()
                .limit(REPORTED_MAX)
                .forEach(refused ->
                        leadership.note(
                                gateway,
                                "connect",
                                "NBD gateway",
                                refused.getFrom()
                                        + ": "
                                        + refused.getWhy()
                                        + more(refused.getCount())));
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
