package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.AccessKey;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The keys that vouch for clients towards the storage nodes, in the replicated state.
class AccessKeyTest {
    private static Command.RotateAccessKey rotate(int number) {
        return new Command.RotateAccessKey(new AccessKey(number, number, -2, 3, -4));
    }

    private static List<Integer> numbers(MetadataView view) {
        return view.accessKeys().all().stream().map(AccessKey::number).toList();
    }

    @Test
    void threeAreKept() {
        Cluster cluster = Cluster.ready();
        assertFalse(cluster.view().accessKeys().isOn());
        for (int number = 1; number <= 5; number++) {
            cluster.done(rotate(number));
        }
        assertEquals(List.of(3, 4, 5), numbers(cluster.view()));
        byte[] bytes = cluster.bytes();
        MetadataState loaded = Cluster.load(bytes);
        assertEquals(cluster.view().accessKeys().all(), loaded.view().accessKeys().all());
        assertArrayEquals(bytes, Cluster.bytes(loaded));
    }

    @Test
    void ofTwoThatMeantTheSameOneIsDone() {
        Cluster cluster = Cluster.ready();
        cluster.done(rotate(1));
        assertEquals(Refusal.STALE, cluster.refused(rotate(1)));
        assertEquals(Refusal.STALE, cluster.refused(rotate(3)));
        cluster.done(rotate(2));
        assertTrue(cluster.view().accessKeys().isOn());
    }

    @Test
    void aCaptureKeepsItsOwn() {
        Cluster cluster = Cluster.ready();
        cluster.done(rotate(1));
        try (var capture = cluster.state.capture()) {
            cluster.done(rotate(2));
            assertEquals(List.of(1), numbers(Cluster.load(Cluster.bytes(capture)).view()));
        }
    }

    @Test
    void aNewClusterHasItsFirst() {
        Cluster cluster = Cluster.empty();
        for (int node = 1; node <= 3; node++) {
            cluster.register(node, 1, Map.of());
        }
        var initialize =
                new Command.InitializeCluster(Cluster.config(4), new AccessKey(1, 1, 2, 3, 4));
        cluster.done(initialize);
        assertEquals(List.of(1), numbers(cluster.view()));
    }

    @Test
    void serversThatDoNotKnowThemMakeNone() {
        ClusterConfig config = Cluster.config(4);
        Cluster cluster =
                Cluster.ready(
                        new ClusterConfig(
                                config.cluster(),
                                config.replicas(),
                                config.minWriteReplicas(),
                                config.groups(),
                                config.chunkBytes(),
                                config.durabilityAlways(),
                                config.trashRetentionMillis(),
                                1));
        assertEquals(Refusal.UNAVAILABLE, cluster.refused(rotate(1)));
        cluster.apply(0, new Command.RaiseFormat(2));
        assertEquals(List.of(), numbers(cluster.view()), "until somebody asks for one");
        cluster.done(rotate(1));
    }

    @Test
    void theAuditLogTellsOfTheChangeAndNotOfTheSecret() {
        Cluster cluster = Cluster.ready();
        cluster.done(rotate(1));
        long next = cluster.view().audit().next();
        AuditEntry last = cluster.view().audit(next - 1, 1).getFirst();
        assertEquals("rotate access key", last.action());
        assertEquals("number 1", last.target());
        assertEquals("", last.detail());
    }
}
