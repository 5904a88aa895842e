package io.coppice.cli;

import static io.coppice.cli.OneCluster.dir;
import static io.coppice.cli.OneCluster.json;
import static io.coppice.cli.OneCluster.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// What holds what, and what comes of it, in the words of the command line.
@ExtendWith(OneCluster.class)
@Timeout(300)
class ClusterTest {
    private static final int BLOCK = 4096;
    private static final int IMAGE_BYTES = 10 << 20;

    /// Data at both ends and nothing between; not a whole number of blocks.
    private static Path image(String name, long seed) throws IOException {
        Path file = dir().resolve(name);
        byte[] data = new byte[1 << 20];
        new Random(seed).nextBytes(data);
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(data), 0);
            channel.write(ByteBuffer.wrap(data, 0, 12_345), IMAGE_BYTES - 12_345);
        }
        return file;
    }

    @Test
    void anImageGoesInAndComesOutAndIsClonedAndDiffers() throws IOException {
        Path image = image("image", 1);
        run(0, "import", image.toString(), "golden");
        JsonObject golden = json("volume", "show", "golden").getAsJsonObject();
        assertEquals(IMAGE_BYTES, golden.get("size").getAsLong());
        assertEquals((1 << 20) + 4L * BLOCK, golden.get("mapped_bytes").getAsLong());
        run(5, "import", image.toString(), "golden");

        Path out = dir().resolve("out");
        run(0, "export", "golden", out.toString());
        assertEquals(-1, Files.mismatch(image, out));

        run(0, "snapshot", "create", "golden@v1");
        run(5, "snapshot", "create", "golden@v1");
        run(0, "clone", "golden@v1", "vm", "--count", "3", "--label", "team=a", "--ttl", "1h");
        JsonObject clone = json("volume", "show", "vm-0003").getAsJsonObject();
        assertEquals("golden@v1", clone.get("origin").getAsString());
        assertEquals("a", clone.getAsJsonObject("labels").get("team").getAsString());
        assertFalse(clone.get("expires").isJsonNull());
        assertEquals(0, json("diff", "golden@v1", "vm-0001").getAsJsonArray().size());

        run(
                0,
                "bench",
                "vm-0001",
                "--rw",
                "randwrite",
                "--time",
                "200ms",
                "--size",
                "8M",
                "--qd",
                "4",
                "--verify");
        assertTrue(json("diff", "golden@v1", "vm-0001").getAsJsonArray().size() > 0);
        Path difference = dir().resolve("vm.diff");
        run(0, "export", "vm-0001", difference.toString(), "--from", "golden@v1");
        run(2, "import", difference.toString(), "copy");
        run(0, "import", difference.toString(), "copy", "--from", "golden@v1");
        Path left = dir().resolve("left");
        Path right = dir().resolve("right");
        run(0, "export", "vm-0001", left.toString());
        run(0, "export", "copy", right.toString());
        assertEquals(-1, Files.mismatch(left, right));
        byte[] torn =
                Arrays.copyOf(Files.readAllBytes(difference), (int) Files.size(difference) - 1);
        Files.write(difference, torn);
        run(1, "import", difference.toString(), "torn", "--from", "golden@v1");
        run(4, "volume", "show", "torn");

        assertTrue(run(0, "lineage", "golden").contains("└─ "), run(0, "lineage", "golden"));
        JsonObject usage = json("usage").getAsJsonObject();
        assertTrue(usage.get("savings_ratio").getAsDouble() > 1);
        assertTrue(usage.get("raw_bytes").getAsLong() > usage.get("stored_bytes").getAsLong());

        run(0, "snapshot", "rm", "golden@v1");
        run(0, "volume", "rm", "golden", "vm-0001", "--now");
        assertTrue(json("check", "--deep").getAsJsonObject().get("clean").getAsBoolean());
    }

    @Test
    void severalSnapshotsAreOneCutAndRollBack() throws IOException {
        run(0, "volume", "create", "a", "--size", "64M");
        run(0, "volume", "create", "b", "--size", "64M");
        run(0, "snapshot", "create", "a@s", "b@s");
        run(4, "snapshot", "create", "a@t", "none@t");
        assertEquals(1, json("snapshot", "ls", "a").getAsJsonArray().size());
        run(0, "bench", "a", "--rw", "write", "--time", "100ms", "--size", "1M", "--qd", "2");
        assertTrue(
                json("volume", "show", "a").getAsJsonObject().get("mapped_bytes").getAsLong() > 0);
        // a was attached since, so its name alone would ask for a seal first
        run(4, "snapshot", "create", "a@t", "none@t");
        run(5, "snapshot", "create", "a@t", "b@s");
        run(0, "snapshot", "rollback", "a@s");
        assertEquals(
                0, json("volume", "show", "a").getAsJsonObject().get("mapped_bytes").getAsLong());
        Path out = dir().resolve("zeros");
        run(0, "export", "a@s", out.toString());
        assertArrayEquals(new byte[64 << 20], Files.readAllBytes(out));
    }

    @Test
    void theTrashGivesBackWhatWasDeleted() {
        run(0, "volume", "create", "t", "--size", "1G");
        run(0, "volume", "rm", "t");
        run(4, "volume", "show", "t");
        assertEquals(
                "t",
                json("volume", "trash", "ls")
                        .getAsJsonArray()
                        .get(0)
                        .getAsJsonObject()
                        .get("name")
                        .getAsString());
        JsonObject thrown = json("trash", "ls").getAsJsonArray().get(0).getAsJsonObject();
        assertEquals(
                Duration.ofHours(24),
                Duration.between(time(thrown, "deleted"), time(thrown, "expires")));
        assertTrue(run(0, "lineage", "t").contains("trash"));
        run(0, "volume", "trash", "restore", "t");
        run(0, "volume", "resize", "t", "2G");
        run(0, "volume", "rename", "t", "u");
        assertEquals(
                2L << 30, json("volume", "show", "u").getAsJsonObject().get("size").getAsLong());
        run(4, "volume", "rm", "t");
        run(4, "attachment", "break", "nobody");
    }

    @Test
    void aDifferenceAppliesOnlyToWhatItWasMadeFrom() throws IOException {
        run(0, "import", image("monday", 6).toString(), "base");
        run(0, "snapshot", "create", "base@mon");
        run(0, "clone", "base@mon", "newer");
        fill("newer");
        Path difference = dir().resolve("newer.diff");
        run(0, "export", "newer", difference.toString(), "--from", "base@mon");
        run(0, "snapshot", "create", "base@same");
        run(5, "import", difference.toString(), "wrong", "--from", "base@same");
        run(4, "volume", "show", "wrong");
        run(5, "import", difference.toString(), "base", "--from", "base");
        run(0, "import", difference.toString(), "base", "--from", "base@mon");
        Path left = dir().resolve("newer.raw");
        Path right = dir().resolve("base.raw");
        run(0, "export", "newer", left.toString());
        run(0, "export", "base", right.toString());
        assertEquals(-1, Files.mismatch(left, right));
        run(5, "import", difference.toString(), "base", "--from", "base@mon");
        Path live = dir().resolve("live.diff");
        run(0, "export", "newer", live.toString(), "--from", "base");
        run(2, "import", live.toString(), "base", "--from", "base");
    }

    private static void fill(String volume) throws IOException {
        run(0, "bench", volume, "--rw", "randwrite", "--time", "200ms", "--size", "8M");
    }

    @Test
    void whatIsCutOffWithinAChunkIsZerosWhenItGrowsAgain() throws IOException {
        Path image = image("wide", 4);
        run(0, "import", image.toString(), "wide");
        run(0, "snapshot", "create", "wide@s");
        run(0, "clone", "wide@s", "narrow");
        run(0, "volume", "resize", "narrow", "512K");
        Path difference = dir().resolve("narrow.diff");
        run(0, "export", "narrow", difference.toString(), "--from", "wide@s");
        run(0, "import", difference.toString(), "copy-of-narrow", "--from", "wide@s");
        byte[] expected = new byte[IMAGE_BYTES];
        System.arraycopy(Files.readAllBytes(image), 0, expected, 0, 512 << 10);
        for (String name : List.of("narrow", "copy-of-narrow")) {
            run(0, "volume", "resize", name, String.valueOf(IMAGE_BYTES));
            Path grown = dir().resolve(name);
            run(0, "export", name, grown.toString());
            assertArrayEquals(expected, Files.readAllBytes(grown), name);
        }
        Path kept = dir().resolve("kept");
        run(0, "export", "wide@s", kept.toString());
        assertEquals(-1, Files.mismatch(image, kept));
    }

    private static Instant time(JsonObject from, String field) {
        return Instant.parse(from.get(field).getAsString());
    }

    @Test
    void lineageAndUsageOutliveAndSurroundAVolume() throws IOException {
        run(0, "import", image("root", 3).toString(), "root");
        run(0, "snapshot", "create", "root@s");
        JsonObject made = json("clone", "root@s", "leaf").getAsJsonObject();
        JsonObject volume = made.getAsJsonArray("volumes").get(0).getAsJsonObject();
        assertFalse(volume.has("mapped_bytes"), "bytes that nobody counted are not told as none");
        run(0, "volume", "rm", "root");
        JsonObject thrown = json("trash", "ls").getAsJsonArray().get(0).getAsJsonObject();
        assertEquals((1 << 20) + 4L * BLOCK, thrown.get("mapped_bytes").getAsLong());
        assertTrue(run(0, "lineage", "root").contains("leaf"));
        run(0, "volume", "trash", "restore", "root");
        run(0, "volume", "rm", "root", "--now");
        for (String former : List.of("root", "root@s")) {
            String tree = run(0, "lineage", former);
            assertTrue(tree.contains("leaf") && tree.contains("deleted"), tree);
        }
        run(4, "lineage", "never");

        JsonObject whole;
        JsonObject one;
        int tries = 0;
        do { // what was deleted is still being purged, also between two calls
            whole = json("usage").getAsJsonObject();
            one = json("usage", "leaf").getAsJsonObject();
        } while (!whole.get("savings_ratio").equals(one.get("savings_ratio")) && ++tries < 200);
        assertEquals(IMAGE_BYTES, one.get("provisioned_bytes").getAsLong());
        assertEquals(whole.get("logical_bytes"), one.get("logical_bytes"));
        assertEquals(whole.get("savings_ratio"), one.get("savings_ratio"));
    }

    @Test
    void aClusterIsMadeOnce() {
        run(0, "status", "--wait");
        String id = json("status").getAsJsonObject().get("cluster").getAsString();
        run(0, "init", "--cluster", id, "--nodes", "9"); // it is there, so nothing is waited for
        run(2, "init", "--cluster", "another"); // not what the servers are configured for
        run(2, "init", "--replicas", "x");
    }

    @Test
    void namesThatAreNotThereAreNotServed() {
        String socket = "unix:" + dir().resolve("other.sock");
        run(4, "nbd", "serve", "--listen", socket, "never");
        run(4, "nbd", "serve", "--listen", socket, "never@s");
        assertFalse(Files.exists(dir().resolve("other.sock")));
    }

    @Test
    void nodesAndGroupsAreListed() {
        assertEquals(3, json("node", "ls").getAsJsonArray().size());
        assertEquals(
                "up", json("node", "show", "node1").getAsJsonObject().get("state").getAsString());
        JsonObject scrub =
                json("node", "show", "node1")
                        .getAsJsonObject()
                        .getAsJsonArray("stores")
                        .get(0)
                        .getAsJsonObject()
                        .getAsJsonObject("scrub");
        assertEquals(0, scrub.get("errors").getAsLong());
        assertEquals(
                scrub.get("passes").getAsLong() == 0,
                scrub.get("finished").isJsonNull(),
                scrub::toString);
        run(4, "node", "show", "node9");
        run(4, "node", "drain", "node9");
        run(5, "node", "drain", "node1"); // three replicas need three other nodes
        run(5, "node", "remove", "node1");
        run(2, "node", "drain", "node1", "--wait", "--cancel");
        run(0, "node", "drain", "node1", "--cancel");
        JsonObject group = json("group", "ls").getAsJsonArray().get(0).getAsJsonObject();
        assertEquals(3, group.getAsJsonArray("replicas").size());
        String state =
                group.getAsJsonArray("replicas")
                        .get(0)
                        .getAsJsonObject()
                        .get("state")
                        .getAsString();
        assertEquals("serving", state);
        assertEquals("ok", json("status").getAsJsonObject().get("health").getAsString());
    }
}
