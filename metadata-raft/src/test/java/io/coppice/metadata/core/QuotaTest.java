package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What projects may have.
class QuotaTest {
    private static final long SIZE = 10 * Cluster.CHUNK;

    private final Cluster cluster = Cluster.ready();

    @BeforeEach
    void aProject() {
        cluster.done(new Command.PutProject("dev", ""));
        cluster.done(new Command.CreateVolume("a", SIZE, Map.of()));
        cut("a", "s");
    }

    /// Another server, which has the state from a snapshot, counts the same.
    @AfterEach
    void whatIsCountedIsWhatIsThere() {
        MetadataView loaded = Cluster.load(cluster.bytes()).view();
        for (String project : List.of("dev", Terms.PROJECT)) {
            Load load = cluster.view().load(project);
            assertEquals(load, loaded.load(project));
            long provisioned = 0;
            int clones = 0;
            for (Volume volume : cluster.view().volumes()) {
                boolean in = volume.terms().project().equals(project);
                provisioned += in ? volume.size() : 0;
                clones += in && volume.isClone() ? 1 : 0;
            }
            assertEquals(provisioned, load.provisionedBytes());
            assertEquals(clones, load.clones());
        }
    }

    private void cut(String volume, String snapshot) {
        cluster.done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut(volume, snapshot, null)), Map.of()));
    }

    private void quota(long provisioned, int clones, int perSource) {
        cluster.done(new Command.PutQuota("dev", new Quota(provisioned, clones, perSource)));
    }

    private static Command.CreateClones clones(String... names) {
        return new Command.CreateClones("a", "s", null, List.of(names), Map.of(), 0, "dev");
    }

    private static Command.ChangeVolume move(String name, String project) {
        return new Command.ChangeVolume(name, null, null, null, null, null, project, Map.of());
    }

    @Test
    void aProjectProvisionsNoMoreThanItMay() {
        quota(3 * SIZE, 0, 0);
        assertEquals(Refusal.NO_SPACE, cluster.refused(clones("b", "c", "d", "e")));
        cluster.done(clones("b", "c"));
        cluster.done(new Command.CreateVolume("x", SIZE / 2, Map.of(), "dev", 0));
        var half = new Command.ResizeVolume("x", SIZE + Cluster.CHUNK, 0);
        assertEquals(Refusal.NO_SPACE, cluster.refused(half));
        cluster.done(new Command.ResizeVolume("x", SIZE, 0));
        var more = new Command.CreateVolume("y", Cluster.CHUNK, Map.of(), "dev", 0);
        assertEquals(Refusal.NO_SPACE, cluster.refused(more));
        assertEquals(Refusal.NO_SPACE, cluster.refused(move("a", "dev")));
        // What is in the trash is not counted, and comes back only if there is room.
        cluster.done(new Command.DeleteVolume("b", false));
        cluster.done(more);
        assertEquals(Refusal.NO_SPACE, cluster.refused(new Command.RestoreVolume("b", "")));
        cluster.done(new Command.DeleteVolume("y", true));
        cluster.done(new Command.RestoreVolume("b", ""));
    }

    @Test
    void aProjectHasNoMoreClonesThanItMay() {
        quota(0, 2, 0);
        cluster.done(new Command.CreateVolume("x", SIZE, Map.of(), "dev", 0));
        cluster.done(clones("b", "c"));
        assertEquals(Refusal.NO_SPACE, cluster.refused(clones("d")));
        cluster.done(move("b", Terms.PROJECT));
        cluster.done(clones("d"));
        assertEquals(Refusal.NO_SPACE, cluster.refused(move("b", "dev")));
    }

    @Test
    void aSourceHasNoMoreClonesThanItMay() {
        quota(0, 0, 2);
        cut("a", "t");
        cluster.done(clones("b"));
        cluster.done(new Command.CreateClones("a", "t", null, List.of("c"), Map.of(), 0, "dev"));
        assertEquals(Refusal.NO_SPACE, cluster.refused(clones("d")));
        // Clones of those are of another source.
        cluster.done(new Command.CreateClones("b", "", null, List.of("e"), Map.of(), 0, "dev"));
        cluster.done(new Command.DeleteSnapshot("a", "t"));
        cluster.done(new Command.DeleteVolume("c", true));
        cluster.done(clones("d"));
    }

    @Test
    void whatIsAboveAQuotaStays() {
        cluster.done(clones("b", "c", "d"));
        quota(SIZE, 1, 1);
        cluster.done(new Command.RenameVolume("b", "e"));
        cluster.done(new Command.ResizeVolume("e", SIZE / 2, 0));
        assertEquals(Refusal.NO_SPACE, cluster.refused(clones("f")));
    }

    @Test
    void whatBecomesLargerNeedsRoom() {
        quota(2 * SIZE, 0, 0);
        cluster.done(clones("b"));
        cut("b", "large");
        cluster.done(new Command.ResizeVolume("b", SIZE / 2, 0));
        cluster.done(new Command.CreateVolume("x", SIZE + SIZE / 2, Map.of(), "dev", 0));
        var back = new Command.RollbackVolume("b", "large", null);
        assertEquals(Refusal.NO_SPACE, cluster.refused(back));
        cluster.done(new Command.SwapVolumes("b", null, "x", null));
        assertEquals(
                Refusal.NO_SPACE, cluster.refused(new Command.SwapVolumes("a", null, "x", null)));
    }

    @Test
    void badQuotasAreRefused() {
        var negative = new Command.PutQuota("dev", new Quota(-1, 0, 0));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(negative));
        var nowhere = new Command.PutQuota("nowhere", Quota.NONE);
        assertEquals(Refusal.NOT_FOUND, cluster.refused(nowhere));
        cluster.done(new Command.PutQuota(Terms.PROJECT, new Quota(0, 1, 0)));
    }
}
