package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/// What a program of format 1 has written, this one reads. The file was written by that program.
class OlderSnapshotTest {
    private static MetadataState load() throws IOException {
        var file = OlderSnapshotTest.class.getResourceAsStream("/metadata-of-format-1.gz");
        try (var in = new GZIPInputStream(Objects.requireNonNull(file))) {
            return MetadataState.load(in);
        }
    }

    @Test
    void aSnapshotOfFormat1IsWhatItWas() throws IOException {
        MetadataView view = load().view();
        assertEquals(1, view.config().orElseThrow().format());
        var rule = new Policy.Rule("daily", 86_400_000, 0, 7);
        assertEquals(
                new Policy("nightly", List.of(rule), 2_000, 1_000, Policy.IdleEnd.REMOVE, 60_000),
                view.policy("nightly").orElseThrow());
        Project dev = view.projects().getFirst();
        assertEquals(new Quota(1L << 40, 20, 10), dev.quota());
        assertEquals(OptionalLong.empty(), view.ownBytes("dev"));
        Volume clone = view.volume("clone").orElseThrow();
        assertEquals("prod@s", clone.origin());
        assertEquals(2, view.mappedChunks(clone.root()));
        assertEquals(List.of(), view.holdings(clone.id()));
        assertEquals(1, view.trash().size());
        assertEquals(0, view.recount().errors());
    }

    @Test
    void itGoesOnFromThere() throws IOException {
        MetadataState state = load();
        assertArrayEquals(Cluster.bytes(state), Cluster.bytes(Cluster.load(Cluster.bytes(state))));
        state.apply(Stamped.byLeader(10_000, new Command.RaiseFormat(ClusterConfig.NEWEST_FORMAT)));
        var quota = new Command.PutQuota("dev", new Quota(0, 0, 0, 1));
        assertEquals(
                true, state.apply(Stamped.byLeader(10_001, quota)) instanceof Outcome.ProjectPut);
        var create = new Command.CreateVolume("new", Cluster.CHUNK, Map.of());
        assertEquals(
                true, state.apply(Stamped.byLeader(10_002, create)) instanceof Outcome.Volumes);
    }
}
