package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/// Snapshots of the state that older programs wrote: the files are theirs, not made by this one.
class OlderStateTest {
    private static byte[] stored(String name) throws IOException {
        try (var in =
                new GZIPInputStream(
                        Objects.requireNonNull(OlderStateTest.class.getResourceAsStream(name)))) {
            return in.readAllBytes();
        }
    }

    /// A policy, a project with a quota, a volume with a chunk and a snapshot, two clones: one
    /// protected and attached, one in the trash.
    @Test
    void whatFormat1WroteIsReadAndGoesOn() throws IOException {
        byte[] old = stored("/state-of-format-1.gz");
        MetadataState state = Cluster.load(old);
        MetadataView view = state.view();
        assertEquals(1, view.config().orElseThrow().format());
        assertEquals(List.of(), view.recount().details());
        Volume clone = view.volume("a").orElseThrow();
        assertTrue(clone.terms().guarded() && clone.terms().confined());
        assertEquals("dev", clone.terms().project());
        assertNull(clone.key());
        assertEquals(
                view.chunkAt(view.volume("prod").orElseThrow().root(), 3),
                view.chunkAt(clone.root(), 3));
        assertNotEquals(0, view.chunkAt(clone.root(), 3));
        assertTrue(view.attachment(clone.id()).isPresent());
        assertTrue(view.volume("b").isEmpty());
        assertEquals("delete policy", view.audit(1, 100).get(11).action());

        byte[] present = Cluster.bytes(state);
        assertNotEquals(old.length, present.length);
        assertArrayEquals(present, Cluster.bytes(Cluster.load(present)));
        state.apply(new Stamped(0, 0, 0, 9_000_000, "t", new Command.RestoreVolume("b", "again")));
        assertEquals("prod@s", view.volume("again").orElseThrow().origin());
    }
}
