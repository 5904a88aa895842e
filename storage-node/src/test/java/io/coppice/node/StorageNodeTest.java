package io.coppice.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.node.lane.LaneConfig;
import io.coppice.node.store.StoreConfig;
import io.coppice.port.Disk;
import io.coppice.port.Time;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupEpoch;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.VolumeBarrier;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes with real files and sockets in one process, and a stand-in for the quorum.
@NullUnmarked
class StorageNodeTest {
    private static final int NODES = 3;
    private static final int GROUP = 1;
    private static final long VOLUME = 7;

    @TempDir Path directory;

    final Map<Integer, StorageNode> nodes = new TreeMap<>();

    /// What a node's disk is put into, and settings of all lanes.
    final Map<Integer, UnaryOperator<Disk>> devices = new HashMap<>();

    LaneConfig lane = LaneConfig.defaults();
    int storesPerNode = 1;
    private final Map<String, Peer> peers = new HashMap<>();
    FakeControl control;
    private Transport transport;
    private EventLoop loop;
    private long lastSequence;
    final StoppedTime time = new StoppedTime();

    /// The nodes' clock: goes on while they are stopped.
    static final class StoppedTime implements Time {
        private final Time system = Time.system();
        private volatile long stoppedNanos;

        void stopFor(long millis) {
            stoppedNanos += TimeUnit.MILLISECONDS.toNanos(millis);
        }

        @Override
        public long nanos() {
            return system.nanos() + stoppedNanos;
        }

        @Override
        public long wallMillis() {
            return system.wallMillis();
        }
    }

    record Reply(DataHeader header, byte[] payload) {}

    @BeforeEach
    void start() throws IOException {
        control = new FakeControl(NODES, 2);
        transport = Transport.create("test-client", 1);
        loop = transport.next();
        for (int node = 1; node <= NODES; node++) {
            startNode(node);
        }
        eventually(
                "all serve",
                () -> control.allServe() && writeBlock(chunk(1), 0, 0, 1, true) == DataStatus.OK);
    }

    @AfterEach
    void stop() {
        nodes.values().forEach(StorageNode::close);
        transport.close();
        control.close();
    }

    void startNode(int node) throws IOException {
        var config =
                new StorageNodeConfig(
                        "node-" + node,
                        "",
                        IntStream.range(0, storesPerNode)
                                .mapToObj(i -> "node-" + node + (i == 0 ? "" : "-" + i))
                                .map(directory::resolve)
                                .toList(),
                        "127.0.0.1:0",
                        "",
                        "127.0.0.1:0",
                        List.of(control.address()),
                        2L << 30,
                        300,
                        lane,
                        StoreConfig.defaults());
        nodes.put(node, StorageNode.start(config, devices.getOrDefault(node, disk -> disk), time));
    }

    @Test
    void whatIsWrittenIsReadAndMalformedRequestsAreRefused() {
        assertEquals(DataStatus.OK, writeBlock(chunk(1), 0, 5, 42, false));
        Reply read = read(chunk(1), 4, 3);
        assertEquals(DataStatus.OK, read.header.getStatus());
        assertEquals(2, read.header.getPresent().byteAt(0), "only the middle block is mapped");
        assertArrayEquals(block(42), read.payload);

        assertEquals(DataStatus.NO_SUCH_CHUNK, writeBlock(chunk(99), 0, 0, 1, false));
        assertEquals(DataStatus.NO_SUCH_CHUNK, read(chunk(99), 0, 1).header.getStatus());
        assertEquals(DataStatus.BAD_REQUEST, read(chunk(1), 1_020, 10).header.getStatus());
        assertEquals(DataStatus.BAD_REQUEST, read(chunk(1), -1, 1).header.getStatus());
        assertEquals(
                DataStatus.BAD_REQUEST, read(ChunkId.of(2, 1).value(), 0, 1).header.getStatus());
        assertEquals(
                DataStatus.BAD_CHECKSUM,
                call(write(chunk(1), 0, 0, 1, false).setCrcs(0, 1), block(1)).header.getStatus());
        assertEquals(
                DataStatus.BAD_REQUEST,
                call(write(chunk(1), 0, 0, 1, false), new byte[100]).header.getStatus());
        assertEquals(
                DataStatus.STALE_EPOCH,
                call(write(chunk(1), 0, 0, 1, false).setEpoch(99), block(1)).header.getStatus());
        assertEquals(
                DataStatus.NOT_PRIMARY,
                call(
                                write(chunk(1), 0, 0, 1, false)
                                        .setGroup(500)
                                        .setChunk(ChunkId.of(500, 1).value()),
                                block(1))
                        .header
                        .getStatus());
        assertEquals(
                DataStatus.BAD_REQUEST,
                call(
                                DataHeader.newBuilder().setKind(DataKind.PURGE_OP).setGroup(GROUP),
                                new byte[0])
                        .header
                        .getStatus());
        assertEquals(
                DataStatus.OK,
                writeBlock(chunk(1), 0, 6, 43, false),
                "the connection and the node live");
    }

    @Test
    void aDerivedChunkSharesUntilItDiffers() {
        assertEquals(DataStatus.OK, writeBlock(chunk(2), chunk(1), 1, 77, false));
        assertArrayEquals(block(1), read(chunk(2), 0, 1).payload);
        assertArrayEquals(block(77), read(chunk(2), 1, 1).payload);
        Reply extents =
                call(request(DataKind.EXTENTS).setChunk(chunk(2)).setBlockCount(8), new byte[0]);
        assertEquals(3, extents.header.getPresent().byteAt(0));
        assertEquals(2, extents.header.getOwn().byteAt(0));
        Reply stats =
                call(
                        request(DataKind.CHUNK_STATS).addChunks(chunk(1)).addChunks(chunk(2)),
                        new byte[0]);
        assertEquals(2, stats.header.getStatsCount());
        assertEquals(2, stats.header.getStats(1).getBlocks());

        assertEquals(
                DataStatus.OK,
                call(
                                request(DataKind.ZERO)
                                        .setChunk(chunk(2))
                                        .setBlockCount(1)
                                        .setVolume(VOLUME)
                                        .setGeneration(1),
                                new byte[0])
                        .header
                        .getStatus());
        assertEquals(0, read(chunk(2), 0, 1).payload.length);
        control.pushPurge(GROUP, chunk(1));
        eventually("purged", () -> control.isPurged(chunk(1)));
        assertEquals(DataStatus.NO_SUCH_CHUNK, read(chunk(1), 0, 1).header.getStatus());
        assertArrayEquals(block(77), read(chunk(2), 1, 1).payload);
        assertEqualReplicas();
    }

    @Test
    void flushFuaAndSeals() {
        for (ReplicaInfo replica : control.group(GROUP).getReplicasList()) {
            Reply synced =
                    call(
                            replica.getAddress(),
                            DataHeader.newBuilder()
                                    .setKind(DataKind.SYNC)
                                    .addSyncGroups(
                                            GroupEpoch.newBuilder()
                                                    .setGroup(GROUP)
                                                    .setEpoch(control.group(GROUP).getEpoch())),
                            new byte[0]);
            assertEquals(DataStatus.OK, synced.header.getStatus());
        }
        assertEquals(
                DataStatus.OK,
                call(write(chunk(1), 0, 9, 3, false).setFua(true), block(3)).header.getStatus());

        long barrier =
                control.pushBarrier(
                        VolumeBarrier.newBuilder()
                                .setVolume(VOLUME)
                                .setSealedGeneration(1)
                                .setMinFence(5)
                                .build());
        eventually("barrier", () -> control.isDone(barrier));
        assertEquals(DataStatus.FENCED, writeBlock(chunk(1), 0, 0, 1, false));
        assertEquals(
                DataStatus.SEALED,
                call(write(chunk(1), 0, 0, 1, false).setFence(5), block(1)).header.getStatus());
        assertEquals(
                DataStatus.OK,
                call(write(chunk(1), 0, 0, 1, false).setFence(5).setGeneration(2), block(1))
                        .header
                        .getStatus());
    }

    /// Whether or not it was told at the time: a new leader knows what is left, not who heard what.
    @Test
    void aClientOfAVolumeThatTheQuorumDoesNotListIsRefused() {
        assertEquals(DataStatus.OK, writeBlock(chunk(5), 0, 0, 1, true));
        control.forgetFences(control.group(GROUP).getPrimary(), 3);
        eventually("refused", () -> writeBlock(chunk(5), 0, 0, 2, false) == DataStatus.FENCED);
        eventually(
                "a newer attachment is served",
                () ->
                        call(write(chunk(5), 0, 0, 3, false).setFence(4), block(3))
                                        .header
                                        .getStatus()
                                == DataStatus.OK);
    }

    @Test
    void aNodeThatWasAwayCatchesUpAndServesAgain() throws IOException {
        int gone = control.group(GROUP).getReplicas(0).getStore(); // the primary
        nodes.get(gone).close();
        control.lose("node-" + gone);
        for (int i = 0; i < 20; i++) {
            int block = i;
            eventually(
                    "written",
                    () -> writeBlock(chunk(1), 0, block, 100 + block, false) == DataStatus.OK);
        }
        assertEquals(DataStatus.OK, writeBlock(chunk(3), chunk(1), 30, 8, false));
        control.pushPurge(GROUP, chunk(2));
        startNode(gone);
        eventually("all serve again", control::allServe);
        eventually("it leads again", () -> writeBlock(chunk(3), 0, 31, 9, false) == DataStatus.OK);
        assertEquals(gone, control.group(GROUP).getPrimary());
        assertArrayEquals(block(119), read(chunk(3), 19, 1).payload);
        assertArrayEquals(block(8), read(chunk(3), 30, 1).payload);
        assertEqualReplicas();
    }

    /// A registration has to fit a message, however many volumes were sealed since the last one.
    @Test
    void aNodeThatHeardOfManySealsRegistersAgain() {
        List<VolumeBarrier> many = new java.util.ArrayList<>();
        for (long volume = 1_000; volume < 67_000; volume++) {
            many.add(VolumeBarrier.newBuilder().setVolume(volume).setSealedGeneration(1).build());
        }
        control.pushBarrier(many);
        for (int node = 1; node <= NODES; node++) {
            String name = "node-" + node;
            eventually(
                    "told the quorum",
                    () -> control.registration(name).getBarriersCount() == many.size());
        }
    }

    @Test
    void withoutALeaseNothingIsAnswered() {
        control.answerBeats(false);
        time.stopFor(FakeControl.LEASE_MILLIS);
        assertEquals(DataStatus.NOT_SERVING, read(chunk(1), 0, 1).header.getStatus());
        assertEquals(
                DataStatus.NOT_SERVING,
                call(request(DataKind.EXTENTS).setChunk(chunk(1)).setBlockCount(8), new byte[0])
                        .header
                        .getStatus());
        assertEquals(DataStatus.NOT_SERVING, writeBlock(chunk(1), 0, 0, 2, false));
        for (ReplicaInfo replica : control.group(GROUP).getReplicasList()) {
            for (DataHeader.Builder asked :
                    List.of(
                            request(DataKind.SYNC)
                                    .addSyncGroups(
                                            GroupEpoch.newBuilder()
                                                    .setGroup(GROUP)
                                                    .setEpoch(control.group(GROUP).getEpoch())),
                            request(DataKind.READ_REPLICA)
                                    .setStore(replica.getStore())
                                    .setChunk(chunk(1))
                                    .setBlockCount(1))) {
                Reply reply = call(replica.getAddress(), asked, new byte[0]);
                assertEquals(DataStatus.NOT_SERVING, reply.header.getStatus(), asked::toString);
            }
            // Who names the checksum of what is wanted needs nobody's word for what comes.
            DataHeader.Builder byChecksum =
                    request(DataKind.READ_REPLICA)
                            .setStore(replica.getStore())
                            .setChunk(chunk(1))
                            .setBlockCount(1)
                            .addCrcs(7);
            Reply reply = call(replica.getAddress(), byChecksum, new byte[0]);
            assertEquals(DataStatus.OK, reply.header.getStatus());
            // So it is with the version of the chunk, if that is the one that is there.
            DataHeader.Builder asHeld =
                    request(DataKind.READ_REPLICA)
                            .setStore(replica.getStore())
                            .setChunk(chunk(1))
                            .setBlockCount(1)
                            .setHeldEpoch(reply.header.getVersionEpoch())
                            .setHeldSequence(reply.header.getVersionSequence());
            Reply same = call(replica.getAddress(), asHeld, new byte[0]);
            assertEquals(DataStatus.OK, same.header.getStatus());
            asHeld.setHeldSequence(reply.header.getVersionSequence() + 1);
            Reply other = call(replica.getAddress(), asHeld, new byte[0]);
            assertEquals(DataStatus.NOT_SERVING, other.header.getStatus());
        }
        control.answerBeats(true);
        eventually("served again", () -> writeBlock(chunk(1), 0, 0, 3, false) == DataStatus.OK);
        assertArrayEquals(block(3), read(chunk(1), 0, 1).payload);
    }

    @Test
    void aPrimaryThatWasStoppedAnswersNothingOldWhenItWakesUp() {
        String gone = closeBackup();
        CompletableFuture<Reply> write = send(write(chunk(1), 0, 7, 5, false), block(5));
        CompletableFuture<Reply> read =
                send(
                        request(DataKind.READ).setChunk(chunk(1)).setBlock(7).setBlockCount(1),
                        new byte[0]);
        assertEquals(
                DataStatus.OK,
                read(chunk(1), 0, 1).header.getStatus(),
                "so the two before it on the connection wait for the backup that is gone");
        control.answerBeats(false);
        time.stopFor(FakeControl.LEASE_MILLIS);
        control.lose(gone); // with which both could be answered
        assertEquals(DataStatus.NOT_SERVING, write.join().header.getStatus());
        assertEquals(DataStatus.NOT_SERVING, read.join().header.getStatus());
        control.answerBeats(true);
        eventually(
                "the write is there",
                () -> read(chunk(1), 7, 1).header.getStatus() == DataStatus.OK);
        assertArrayEquals(block(5), read(chunk(1), 7, 1).payload);
    }

    @Test
    void writesDoNotWaitForAMemberThatStandsStill() {
        control.takeOutFailed();
        closeBackup();
        CompletableFuture<Reply> write = send(write(chunk(1), 0, 7, 5, false), block(5));
        assertEquals(DataStatus.OK, write.join().header.getStatus());
        assertEquals(ReplicaState.REPLICA_DOWN, control.group(GROUP).getReplicas(1).getState());
    }

    /// The name of the node that was closed.
    private String closeBackup() {
        ReplicaInfo backup = control.group(GROUP).getReplicas(1);
        for (var entry : nodes.entrySet()) {
            String port = ":" + entry.getValue().dataAddress().getPort();
            if (backup.getAddress().endsWith(port)) {
                entry.getValue().close();
                return "node-" + entry.getKey();
            }
        }
        throw new AssertionError("no node at " + backup.getAddress());
    }

    @Test
    void aSecondProcessOnTheSameDirectoryIsRefusedInOneLine() {
        IOException refused = assertThrows(IOException.class, () -> startNodeAgain(1));
        assertTrue(refused.getMessage().contains("in use"), refused.getMessage());
    }

    private void startNodeAgain(int node) throws IOException {
        StorageNode.start(
                        new StorageNodeConfig(
                                "other",
                                "",
                                List.of(directory.resolve("node-" + node)),
                                "127.0.0.1:0",
                                "127.0.0.1:0",
                                List.of(control.address()),
                                2L << 30))
                .close();
    }

    // ---------------------------------------------------------------- requests

    static long chunk(long sequence) {
        return ChunkId.of(GROUP, sequence).value();
    }

    static byte[] block(int value) {
        var bytes = new byte[Blocks.BLOCK_BYTES];
        java.util.Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    DataHeader.Builder request(DataKind kind) {
        return DataHeader.newBuilder()
                .setKind(kind)
                .setGroup(GROUP)
                .setEpoch(control.group(GROUP).getEpoch());
    }

    DataHeader.Builder write(long chunk, long from, int block, int value, boolean create) {
        return request(DataKind.WRITE)
                .setChunk(chunk)
                .setFromChunk(from)
                .setCreate(create)
                .setBlock(block)
                .setBlockCount(1)
                .addCrcs(Checksums.crc32c(block(value), 0, Blocks.BLOCK_BYTES))
                .setVolume(VOLUME)
                .setGeneration(1)
                .setFence(1)
                .setSession(11)
                .setSequence(++lastSequence);
    }

    DataStatus writeBlock(long chunk, long from, int block, int value, boolean create) {
        return call(write(chunk, from, block, value, create), block(value)).header.getStatus();
    }

    Reply read(long chunk, int block, int count) {
        return call(
                request(DataKind.READ).setChunk(chunk).setBlock(block).setBlockCount(count),
                new byte[0]);
    }

    Reply call(DataHeader.Builder request, byte[] payload) {
        return send(request, payload).join();
    }

    /// To the group's primary.
    private CompletableFuture<Reply> send(DataHeader.Builder request, byte[] payload) {
        GroupInfo group = control.group(GROUP);
        String address =
                group.getReplicasList().stream()
                        .filter(replica -> replica.getStore() == group.getPrimary())
                        .findFirst()
                        .orElse(ReplicaInfo.getDefaultInstance())
                        .getAddress();
        return send(address, request, payload);
    }

    Reply call(String address, DataHeader.Builder request, byte[] payload) {
        return send(address, request, payload).join();
    }

    private CompletableFuture<Reply> send(
            String address, DataHeader.Builder request, byte[] payload) {
        if (address.isEmpty()) {
            return CompletableFuture.completedFuture(
                    new Reply(
                            DataHeader.newBuilder().setStatus(DataStatus.NOT_SERVING).build(),
                            payload));
        }
        var answer = new CompletableFuture<Reply>();
        loop.execute(() ->
                peer(address)
                        .call(
                                request,
                                Unpooled.wrappedBuffer(payload),
                                TimeUnit.SECONDS.toNanos(5),
                                new ReplyHandler() {
                                    @Override
                                    public void reply(DataHeader header, ByteBuf body) {
                                        var bytes = new byte[body.readableBytes()];
                                        body.readBytes(bytes);
                                        body.release();
                                        answer.complete(new Reply(header, bytes));
                                    }

                                    @Override
                                    public void failed(String why) {
                                        answer.complete(
                                                new Reply(
                                                        DataHeader.newBuilder()
                                                                .setStatus(DataStatus.NOT_SERVING)
                                                                .setMessage(why)
                                                                .build(),
                                                        payload));
                                    }
                                }));
        return answer.orTimeout(20, TimeUnit.SECONDS);
    }

    private Peer peer(String address) {
        return peers.computeIfAbsent(
                address,
                to ->
                        new Peer(
                                transport,
                                loop,
                                Transport.parse(to),
                                Hello.newBuilder()
                                        .setProtocol(1)
                                        .setCluster(FakeControl.CLUSTER)
                                        .setSession(11)
                                        .build(),
                                PeerConfig.defaults(),
                                Time.system()));
    }

    void assertEqualReplicas() {
        eventually(
                "replicas are equal",
                () -> {
                    List<List<ChunkInfo>> all =
                            control.group(GROUP).getReplicasList().stream()
                                    .map(replica ->
                                            call(
                                                            replica.getAddress(),
                                                            request(DataKind.LIST_CHUNKS)
                                                                    .setDeep(true)
                                                                    .setStore(replica.getStore()),
                                                            new byte[0])
                                                    .header
                                                    .getChunkPage()
                                                    .getChunksList()
                                                    .stream()
                                                    .map(info ->
                                                            info.toBuilder().clearParent().build())
                                                    .toList())
                                    .toList();
                    return !all.getFirst().isEmpty()
                            && all.stream().allMatch(all.getFirst()::equals);
                });
    }

    static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        var never = new CountDownLatch(1);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "never: " + what);
            try {
                assertTrue(!never.await(10, TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
