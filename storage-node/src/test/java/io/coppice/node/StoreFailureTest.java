package io.coppice.node;

import static io.coppice.node.StorageNodeTest.block;
import static io.coppice.node.StorageNodeTest.chunk;
import static io.coppice.node.StorageNodeTest.eventually;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.codahale.metrics.Gauge;
import io.coppice.model.Blocks;
import io.coppice.node.lane.LaneConfig;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.ScrubReport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Disks that break and disks that rot, under three running nodes (R10, R11).
@NullUnmarked
final class StoreFailureTest {
    private static final int GROUP = 1;

    @TempDir Path directory;

    private final StorageNodeTest cluster = new StorageNodeTest();
    private final ConcurrentMap<Integer, FaultyDisk> disks = new ConcurrentHashMap<>();

    @BeforeEach
    void start() throws IOException {
        cluster.directory = directory;
        cluster.lane = LaneConfig.defaults().withScrub(64 << 20, 3_600);
        for (int node = 1; node <= 3; node++) {
            int number = node;
            cluster.devices.put(
                    node,
                    disk -> {
                        var faulty = new FaultyDisk(disk);
                        disks.put(number, faulty);
                        return faulty;
                    });
        }
        cluster.start();
        cluster.control.takeOutFailed();
    }

    @AfterEach
    void stop() {
        cluster.stop();
    }

    private int primary() {
        return cluster.control.group(GROUP).getPrimary();
    }

    private int backup() {
        return primary() % 3 + 1;
    }

    private long gauge(int node, String name) {
        var gauge = (Gauge<?>) cluster.nodes.get(node).metrics().getGauges().get(name);
        return gauge == null ? -1 : ((Number) gauge.getValue()).longValue(); // not started yet
    }

    private long scrubbed(int node, String what) {
        return gauge(node, "node.store." + node + ".scrub." + what);
    }

    // ---------------------------------------------------------------- R11

    @Test
    void anErrorOfSyncEndsThePrimarysStoreAndNothingIsLost() throws IOException {
        int broken = primary();
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 1, 11, false));
        disks.get(broken).failSyncs = true;
        cluster.call(cluster.write(chunk(1), 0, 2, 12, false).setFua(true), block(12));
        isDownForGood(broken);
        long tried = disks.get(broken).syncsTried;
        assertArrayEquals(block(11), cluster.read(chunk(1), 1, 1).payload());
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 3, 13, false));
        assertEquals(tried, disks.get(broken).syncsTried, "a sync was tried again");

        disks.get(broken).failSyncs = false;
        cluster.nodes.get(broken).close();
        cluster.startNode(broken);
        eventually("registered", () -> cluster.nodes.get(broken).isRegistered());
        assertEquals(1, gauge(broken, "node.stores.down"));
        assertEquals(0, cluster.control.registration("node-" + broken).getStoresCount());
        assertEquals(1, cluster.control.registration("node-" + broken).getFailedStoresCount());
        assertEquals(ReplicaState.REPLICA_DOWN, cluster.control.state(GROUP, broken));
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 4, 14, false));
    }

    @Test
    void anErrorOfWritingEndsABackupsStoreAndTheOthersGoOn() {
        int broken = backup();
        disks.get(broken).failWrites = true;
        eventually(
                "written without it",
                () ->
                        cluster.writeBlock(chunk(1), 0, 1, 21, false) == DataStatus.OK
                                && cluster.control.state(GROUP, broken)
                                        == ReplicaState.REPLICA_DOWN);
        isDownForGood(broken);
        assertArrayEquals(block(21), cluster.read(chunk(1), 1, 1).payload());
    }

    private void isDownForGood(int node) {
        eventually(
                "out of service",
                () ->
                        cluster.control.state(GROUP, node) == ReplicaState.REPLICA_DOWN
                                && primary() != node);
        eventually("marked", () -> gauge(node, "node.stores.down") == 1);
        Path mark = directory.resolve("node-" + node).resolve("FAILED");
        eventually("written down", () -> Files.exists(mark));
        eventually(
                "the quorum knows",
                () -> cluster.control.registration("node-" + node).getFailedStoresCount() == 1);
        assertEquals(0, cluster.control.registration("node-" + node).getStoresCount());
    }

    @Test
    void aBlockThatCannotBeReadComesFromAnotherReplicaAndIsWrittenAgain() {
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 1, 31, false));
        int node = primary();
        disks.get(node).failReads = true;
        assertArrayEquals(block(31), cluster.read(chunk(1), 1, 1).payload());
        disks.get(node).failReads = false;
        assertTrue(
                cluster.nodes.get(node).metrics().getCounters().get("node.repairs").getCount() > 0);
        assertEquals(ReplicaState.REPLICA_SERVING, cluster.control.state(GROUP, node));
    }

    @Test
    void aReplicaDoesNotWaitForWhatNobodyHas() throws IOException {
        int gone = primary();
        cluster.nodes.get(gone).close();
        cluster.control.lose("node-" + gone);
        for (int i = 0; i < 3; i++) {
            int block = i;
            eventually(
                    "written",
                    () ->
                            cluster.writeBlock(chunk(1), 0, block, 51 + block, false)
                                    == DataStatus.OK);
        }
        for (int node = 1; node <= 3; node++) {
            if (node != gone) {
                spoil(node, 51, 200); // in the data
                spoil(node, 52, -100); // in the header: the checksum is lost, too
            }
        }
        cluster.startNode(gone);
        eventually("all serve again", cluster.control::allServe);
        eventually("it leads again", () -> primary() == gone);
        for (int i = 0; i < 2; i++) {
            int block = i;
            // One that has yet to hear of the epoch cannot be asked: until then it is not lost.
            eventually(
                    "lost",
                    () ->
                            cluster.read(chunk(1), block, 1).header().getStatus()
                                    == DataStatus.IO_ERROR);
        }
        assertArrayEquals(block(53), cluster.read(chunk(1), 2, 1).payload());
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 0, 61, false));
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 1, 62, false));
        assertArrayEquals(block(61), cluster.read(chunk(1), 0, 1).payload());
        assertArrayEquals(block(62), cluster.read(chunk(1), 1, 1).payload());
        cluster.assertEqualReplicas();
    }

    // ---------------------------------------------------------------- scrub

    @Test
    void theScrubMendsRotThatNobodyReads() throws IOException {
        for (int i = 0; i < 30; i++) {
            assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, i, 40 + i, false));
        }
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(2), chunk(1), 40, 90, false));
        int rotten = backup();
        cluster.nodes.get(rotten).close();
        Files.deleteIfExists(directory.resolve("node-" + rotten).resolve("scrub"));
        cluster.startNode(rotten);
        eventually("back", cluster.control::allServe);
        eventually("a pass is complete", () -> scrubbed(rotten, "passes") == 1);
        cluster.nodes.get(rotten).close();
        Path progress = directory.resolve("node-" + rotten).resolve("scrub");
        eventually("its end is kept", () -> Files.exists(progress));
        cluster.startNode(rotten);
        eventually("back", cluster.control::allServe);
        eventually("the pass is not forgotten", () -> scrubbed(rotten, "passes") == 1);
        assertEquals(0, scrubbed(rotten, "bytes"), "and not made again");

        cluster.nodes.get(rotten).close();
        Files.delete(progress);
        spoil(rotten, 45, 200); // in the data of a block
        spoil(rotten, 50, -100); // in the header of another's record
        cluster.startNode(rotten);
        eventually("back", cluster.control::allServe);
        eventually("found", () -> scrubbed(rotten, "errors") >= 2);
        eventually("mended", () -> scrubbed(rotten, "repaired") == scrubbed(rotten, "errors"));
        eventually("the pass is complete", () -> scrubbed(rotten, "passes") == 1);
        assertEquals(0, scrubbed(rotten, "unrepaired"));
        eventually(
                "the quorum is told",
                () -> {
                    ScrubReport told = cluster.control.scrub(rotten);
                    return told.getErrors() >= 2
                            && told.getRepaired() == told.getErrors()
                            && told.getPasses() == 1
                            && told.getFinishedMillis() > 0;
                });
        assertTrue(scrubbed(rotten, "bytes") > 31 * Blocks.BLOCK_BYTES);
        cluster.assertEqualReplicas();
        int bad =
                cluster
                        .call(
                                cluster.control.group(GROUP).getReplicasList().stream()
                                        .filter(replica -> replica.getStore() == rotten)
                                        .findFirst()
                                        .orElseThrow()
                                        .getAddress(),
                                cluster.request(DataKind.LIST_CHUNKS)
                                        .setDeep(true)
                                        .setStore(rotten),
                                new byte[0])
                        .header()
                        .getChunkPage()
                        .getChunksList()
                        .stream()
                        .mapToInt(info -> info.getBadBlocks())
                        .sum();
        assertEquals(0, bad);
    }

    /// Flips a bit near the first byte of the block that is full of `value`.
    private void spoil(int node, int value, int distance) throws IOException {
        Path chunks = directory.resolve("node-" + node).resolve("chunks");
        List<Path> segments = new ArrayList<>();
        try (var files = Files.newDirectoryStream(chunks, "seg-*")) {
            files.forEach(segments::add);
        }
        for (Path segment : segments) {
            byte[] bytes = Files.readAllBytes(segment);
            for (int at = 64; at + Blocks.BLOCK_BYTES <= bytes.length; at += 64) {
                if (isFull(bytes, at, value)) {
                    try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
                        file.seek(at + distance);
                        file.write(bytes[at + distance] ^ 4);
                    }
                    return;
                }
            }
        }
        throw new AssertionError("no block of " + value);
    }

    private static boolean isFull(byte[] bytes, int at, int value) {
        for (int i = 0; i < Blocks.BLOCK_BYTES; i++) {
            if (bytes[at + i] != value) {
                return false;
            }
        }
        return true;
    }
}
