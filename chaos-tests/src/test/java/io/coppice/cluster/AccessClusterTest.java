package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.BlockDevice;
import io.coppice.client.ClusterCheck;
import io.coppice.client.CoppiceClient;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlClient;
import io.coppice.model.ChunkId;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ReadAudit;
import io.coppice.wire.pb.RotateAccessKey;
import io.coppice.wire.pb.ShowVolume;
import io.coppice.wire.pb.SnapshotName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole cluster whose storage nodes ask everybody what they may touch.
@NullUnmarked
final class AccessClusterTest {
    private static final int CHUNKS = 12;
    private static final int BLOCK = 4096;

    @TempDir Path dir;

    private TestCluster cluster;
    private ControlClient control;
    private final Transport transport = Transport.create("attacker", 1);

    @BeforeEach
    void start() throws Exception {
        cluster = TestCluster.start(dir);
        control = new ControlClient(cluster.endpoints(), Duration.ofSeconds(60));
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(
                                CreateVolume.newBuilder()
                                        .setName("v")
                                        .setSize((long) CHUNKS * TestCluster.CHUNK_BYTES)));
        awaitKeys();
    }

    /// The leader makes and tells the keys just after the cluster was initialised.
    private void awaitKeys() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (int group = 0; group < groups(); group++) {
            long nobodys = ChunkId.of(group, 1).value();
            while (ask(DataKind.READ, 1, nobodys) != DataStatus.NOT_ALLOWED) {
                assertFalse(System.nanoTime() > end, "group " + group + " asks for nothing");
            }
        }
    }

    private int groups() throws Exception {
        return control.query(
                        QueryRequest.newBuilder()
                                .setListGroups(ListGroups.getDefaultInstance())
                                .build())
                .getGroupsCount();
    }

    @AfterEach
    void stop() throws Exception {
        control.close();
        transport.close();
        cluster.close();
    }

    private void execute(ExecuteRequest.Builder command) throws Exception {
        control.execute(command);
    }

    private void rotate() throws Exception {
        execute(ExecuteRequest.newBuilder().setRotateAccessKey(RotateAccessKey.newBuilder()));
    }

    private static void fill(BlockDevice device, int value) throws Exception {
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            write(device, chunk, value + chunk);
        }
    }

    private static void write(BlockDevice device, int chunk, int value) throws Exception {
        var bytes = new byte[BLOCK];
        java.util.Arrays.fill(bytes, (byte) value);
        var done = new CompletableFuture<Void>();
        ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
        device.write(
                (long) chunk * TestCluster.CHUNK_BYTES,
                buffer,
                false,
                failure -> {
                    if (failure == null) {
                        done.complete(null);
                    } else {
                        done.completeExceptionally(failure);
                    }
                });
        done.get(60, TimeUnit.SECONDS);
    }

    private static int read(BlockDevice device, int chunk) throws Exception {
        ByteBuf buffer = Unpooled.buffer(BLOCK, BLOCK);
        var done = new CompletableFuture<Void>();
        device.read(
                (long) chunk * TestCluster.CHUNK_BYTES,
                buffer,
                failure -> {
                    if (failure == null) {
                        done.complete(null);
                    } else {
                        done.completeExceptionally(failure);
                    }
                });
        done.get(60, TimeUnit.SECONDS);
        return buffer.getByte(0);
    }

    private static void assertFilled(BlockDevice device, int value) throws Exception {
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            assertEquals(value + chunk, read(device, chunk));
        }
    }

    private long refusals() {
        long sum = 0;
        for (int node = 1; node <= 3; node++) {
            sum += cluster.node(node).metrics().counter("node.access.refusals").getCount();
        }
        return sum;
    }

    @Test
    void volumesSnapshotsAndClonesAreUsedAndNothingIsRefused() throws Exception {
        long before = refusals();
        CoppiceClient client = cluster.client("a");
        BlockDevice device = client.open("v");
        fill(device, 1);
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateSnapshots(
                                CreateSnapshots.newBuilder()
                                        .addSnapshots(
                                                SnapshotName.newBuilder()
                                                        .setVolume("v")
                                                        .setSnapshot("s"))));
        fill(device, 50);
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateClones(
                                CreateClones.newBuilder()
                                        .setVolume("v")
                                        .setSnapshot("s")
                                        .addNames("c")));
        BlockDevice snapshot = client.open("v@s");
        BlockDevice reader = client.open("v", OpenOption.READ_ONLY);
        BlockDevice clone = cluster.client("b").open("c");
        assertFilled(clone, 1);
        write(clone, 3, 99);
        assertEquals(99, read(clone, 3));
        assertFilled(snapshot, 1);
        assertFilled(reader, 50);
        write(device, 5, 77);
        assertEquals(77, read(device, 5), "reading a snapshot of it does not end its writing");
        reader.close();
        snapshot.close();
        write(device, 5, 78);
        var check = new ClusterCheck(control, true, (done, all) -> {}).run();
        assertTrue(check.clean(), check::toString);
        assertEquals(before, refusals());
    }

    @Test
    void keysChangeWhileClientsGoOn() throws Exception {
        BlockDevice device = cluster.client("a").open("v");
        fill(device, 1);
        for (int round = 1; round <= 6; round++) {
            rotate();
            fill(device, round);
            assertFilled(device, round);
        }
        assertTrue(refusals() > 0, "what was given out with keys that are gone is refused");
    }

    @Test
    void aStrangerWhoKnowsEveryIdGetsNothing() throws Exception {
        BlockDevice device = cluster.client("a").open("v");
        fill(device, 1);
        long before = refusals();
        long volume =
                control.query(
                                QueryRequest.newBuilder()
                                        .setShowVolume(ShowVolume.newBuilder().setName("v"))
                                        .build())
                        .getVolumes(0)
                        .getId();
        // The map as anybody may ask for it without a session: ids, and no tags.
        var map =
                control.query(
                                QueryRequest.newBuilder()
                                        .setGetMapPages(
                                                GetMapPages.newBuilder()
                                                        .setVolume(volume)
                                                        .addPages(0))
                                        .build())
                        .getPages(0);
        assertEquals(CHUNKS, map.getChunksCount());
        assertEquals(0, map.getTagsCount());
        for (long chunk : map.getChunksList()) {
            for (DataKind kind :
                    new DataKind[] {
                        DataKind.READ, DataKind.ZERO, DataKind.EXTENTS, DataKind.FETCH_CHUNK
                    }) {
                assertEquals(DataStatus.NOT_ALLOWED, ask(kind, volume, chunk), kind.name());
            }
        }
        assertTrue(refusals() - before >= 4 * CHUNKS);
        assertFilled(device, 1);
        var told = new AtomicBoolean();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!told.get()) {
            assertFalse(System.nanoTime() > end, "the audit log does not tell");
            control.stream(
                    QueryRequest.newBuilder().setReadAudit(ReadAudit.newBuilder()).build(),
                    part ->
                            part.getAuditList().stream()
                                    .filter(entry -> entry.getAction().equals("access chunks"))
                                    .filter(entry -> entry.getRefusal().contains("READ"))
                                    .forEach(entry -> told.set(true)));
        }
    }

    private DataStatus ask(DataKind kind, long volume, long chunk) throws Exception {
        int id = ChunkId.group(chunk);
        GroupInfo group =
                control
                        .query(
                                QueryRequest.newBuilder()
                                        .setListGroups(ListGroups.getDefaultInstance())
                                        .build())
                        .getGroupsList()
                        .stream()
                        .filter(each -> each.getId() == id)
                        .findFirst()
                        .orElseThrow();
        var answer = new CompletableFuture<DataStatus>();
        transport
                .next()
                .execute(() -> {
                    var peer =
                            new Peer(
                                    transport,
                                    transport.next(),
                                    Transport.parse(group.getReplicas(0).getAddress()),
                                    Hello.newBuilder().setProtocol(1).setNode(2).build(),
                                    PeerConfig.defaults(),
                                    Time.system());
                    peer.call(
                            DataHeader.newBuilder()
                                    .setKind(kind)
                                    .setGroup(id)
                                    .setEpoch(group.getEpoch())
                                    .setChunk(chunk)
                                    .setVolume(volume)
                                    .setGeneration(1)
                                    .setFence(1)
                                    .setBlockCount(1),
                            null,
                            TimeUnit.SECONDS.toNanos(10),
                            new ReplyHandler() {
                                @Override
                                public void reply(DataHeader header, ByteBuf payload) {
                                    payload.release();
                                    peer.close();
                                    answer.complete(header.getStatus());
                                }

                                @Override
                                public void failed(String why) {
                                    answer.completeExceptionally(new AssertionError(why));
                                }
                            });
                });
        return answer.get(30, TimeUnit.SECONDS);
    }
}
