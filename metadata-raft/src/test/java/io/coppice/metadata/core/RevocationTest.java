package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// Which certificates count no more.
class RevocationTest {
    private static final long END = 1_000_000;
    private final Cluster cluster = Cluster.ready();

    private static Command.RevokeCertificate revoke(String serial, long until) {
        return new Command.RevokeCertificate(serial, "mallory", until);
    }

    @Test
    void whatIsRevokedStaysSoAndIsToldOnceInTheAuditLog() {
        cluster.done(revoke("ab12", END));
        cluster.done(revoke("ab12", END + 1));
        assertTrue(cluster.view().isRevoked("ab12"));
        assertFalse(cluster.view().isRevoked("ab13"));
        Revocation kept = cluster.view().revocations().getFirst();
        assertEquals("mallory", kept.name());
        assertEquals(END, kept.untilMillis());
        AuditEntry told =
                cluster.view().audit(1, 100).stream()
                        .filter(it -> it.action().equals("revoke certificate"))
                        .findFirst()
                        .orElseThrow();
        assertEquals("mallory", told.target());
        assertEquals("serial ab12", told.detail());
    }

    @Test
    void whatEndedByItselfIsForgotten() {
        cluster.done(revoke("a1", END));
        cluster.done(revoke("a2", 0));
        cluster.advance(2 * END);
        cluster.done(revoke("a3", 9 * END));
        assertEquals(
                List.of("a2", "a3"),
                cluster.view().revocations().stream().map(Revocation::serial).sorted().toList());
    }

    @Test
    void whatIsNoSerialNumberIsRefused() {
        for (String serial : List.of("", "AB", "0x1", "a".repeat(65), "a b")) {
            assertEquals(Refusal.BAD_REQUEST, cluster.refused(revoke(serial, 0)), serial);
        }
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(revoke("a", -1)));
        assertEquals(
                Refusal.BAD_REQUEST,
                cluster.refused(new Command.RevokeCertificate("a", "x".repeat(1000), 0)));
    }

    @Test
    void asManyAsAreBoundedAreKept() {
        for (int i = 0; i < IdentityCommands.REVOCATIONS_MAX; i++) {
            cluster.done(revoke(Integer.toHexString(i), 0));
        }
        assertEquals(Refusal.NO_SPACE, cluster.refused(revoke("ffffff", 0)));
        cluster.done(revoke("1", 0));
    }

    @Test
    void aSnapshotKeepsThem() {
        cluster.done(revoke("ab12", END));
        cluster.state = Cluster.load(cluster.bytes());
        assertTrue(cluster.view().isRevoked("ab12"));
        assertEquals(1, cluster.view().revocations().size());
    }

    @Test
    void aQuorumOfAnOlderFormatDoesNotKnowThem() {
        var old = new ClusterConfig("c1", 3, 2, 4, Cluster.CHUNK, false, 1_000, 1);
        Cluster before = Cluster.ready(old);
        assertEquals(Refusal.UNAVAILABLE, before.refused(revoke("ab12", END)));
        before.apply(0, new Command.RaiseFormat(ClusterConfig.NEWEST_FORMAT));
        before.done(revoke("ab12", END));
    }
}
