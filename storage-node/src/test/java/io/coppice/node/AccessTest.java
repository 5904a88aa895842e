package io.coppice.node;

import static io.coppice.node.StorageNodeTest.block;
import static io.coppice.node.StorageNodeTest.chunk;
import static io.coppice.node.StorageNodeTest.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.coppice.model.AccessKeys;
import io.coppice.model.Capability;
import io.coppice.model.Capability.Right;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupEpoch;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.VolumeBarrier;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nobody does more to three running nodes than the quorum has vouched for.
@NullUnmarked
final class AccessTest {
    private static final int GROUP = 1;

    /// The volume of the good client, a clone of it, and what the clone is attached with.
    private static final long VOLUME = 7;

    private static final long CLONE = 8;
    private static final long SESSION = 11;
    private static final long OTHER = 12;

    /// Made by the good client in its generation 1, and one that it may make.
    private static final long MADE = chunk(50);

    private static final long FRESH = chunk(60);

    @TempDir Path directory;

    private final StorageNodeTest cluster = new StorageNodeTest();
    private final List<Bearer> bearers = new ArrayList<>();
    private Transport transport;
    private AccessKeys keys;
    private long sequence;

    /// A client that says whatever it wants, over connections of its own.
    private final class Bearer {
        private final Peer peer;

        Bearer(long session) {
            String address =
                    cluster.control.group(GROUP).getReplicasList().stream()
                            .filter(it ->
                                    it.getStore() == cluster.control.group(GROUP).getPrimary())
                            .findFirst()
                            .orElseThrow()
                            .getAddress();
            peer =
                    new Peer(
                            transport,
                            transport.next(),
                            Transport.parse(address),
                            Hello.newBuilder()
                                    .setProtocol(1)
                                    .setCluster(FakeControl.CLUSTER)
                                    .setSession(session)
                                    .setNode(2)
                                    .build(),
                            PeerConfig.defaults(),
                            Time.system());
            bearers.add(this);
        }

        Bearer with(Capability capability) {
            return with(keys.sign(capability));
        }

        Bearer with(byte[] signed) {
            transport.next().execute(() -> peer.open(signed.length, ByteString.copyFrom(signed)));
            return this;
        }

        DataHeader ask(DataHeader.Builder request, byte[] payload) {
            var answer = new CompletableFuture<DataHeader>();
            transport
                    .next()
                    .execute(() ->
                            peer.call(
                                    request,
                                    Unpooled.wrappedBuffer(payload),
                                    TimeUnit.SECONDS.toNanos(10),
                                    new ReplyHandler() {
                                        @Override
                                        public void reply(DataHeader header, ByteBuf body) {
                                            body.release();
                                            answer.complete(header);
                                        }

                                        @Override
                                        public void failed(String why) {
                                            answer.completeExceptionally(new IOException(why));
                                        }
                                    }));
            return answer.orTimeout(20, TimeUnit.SECONDS).join();
        }

        DataStatus does(DataHeader.Builder request) {
            boolean writes = request.getKind() == DataKind.WRITE;
            return ask(request, writes ? block(1) : new byte[0]).getStatus();
        }
    }

    @BeforeEach
    void start() throws IOException {
        cluster.directory = directory;
        cluster.start();
        transport = Transport.create("bearers", 1);
        cluster.control.rotateAccessKey();
        assertEquals(DataStatus.OK, cluster.writeBlock(chunk(1), 0, 0, 1, true), "one is no key");
        keys = cluster.control.rotateAccessKey();
        eventually(
                "nodes ask",
                () -> cluster.writeBlock(chunk(1), 0, 0, 1, true) == DataStatus.NOT_ALLOWED);
        Bearer good = good();
        eventually("all of them", () -> good.does(create(MADE)) == DataStatus.OK);
    }

    @AfterEach
    void stop() {
        bearers.forEach(bearer -> bearer.peer.close());
        transport.close();
        cluster.stop();
    }

    // ------------------------------------------------------------ who is who

    private static Capability capability(Right right, long volume, long fence, long session) {
        return new Capability(
                right, volume, fence, session, "", Time.system().wallMillis() + 3_600_000);
    }

    /// The holder of the volume.
    private Bearer good() {
        return new Bearer(SESSION).with(capability(Right.WRITE, VOLUME, 1, SESSION));
    }

    /// Who may write a clone of it, and knows the numbers of all its chunks.
    private Bearer sibling() {
        return new Bearer(OTHER).with(capability(Right.WRITE, CLONE, 2, OTHER));
    }

    // ------------------------------------------------------------ requests

    private DataHeader.Builder create(long chunk) {
        return cluster.write(chunk, 0, 0, 1, true).setTag(keys.tags().fresh(SESSION, chunk));
    }

    private DataHeader.Builder inPlace(long chunk) {
        return cluster.write(chunk, 0, 0, 1, false).setTag(keys.tags().write(VOLUME, 1, chunk));
    }

    private DataHeader.Builder derive(long chunk, long from) {
        return cluster.write(chunk, from, 0, 1, false)
                .setTag(keys.tags().fresh(SESSION, chunk))
                .setFromTag(keys.tags().read(VOLUME, from));
    }

    private DataHeader.Builder read(long chunk) {
        return cluster.request(DataKind.READ)
                .setVolume(VOLUME)
                .setFence(1)
                .setSession(SESSION)
                .setChunk(chunk)
                .setBlockCount(1)
                .setTag(keys.tags().read(VOLUME, chunk));
    }

    /// As the clone's client would say it: it knows its own session and fence.
    private static DataHeader.Builder ofClone(DataHeader.Builder request) {
        return request.setVolume(CLONE).setFence(2).setSession(OTHER);
    }

    // ------------------------------------------------------------ what is right

    @Test
    void whatTheQuorumVouchesForIsDone() {
        Bearer good = good();
        assertEquals(DataStatus.OK, good.does(create(FRESH)));
        assertEquals(DataStatus.OK, good.does(create(FRESH)), "another write that says so too");
        assertEquals(
                DataStatus.OK,
                good.does(create(FRESH).setCreate(false)),
                "before the flip it has no other tag");
        assertEquals(DataStatus.OK, good.does(inPlace(FRESH)));
        assertEquals(DataStatus.OK, good.does(read(FRESH)));
        assertEquals(DataStatus.OK, good.does(read(FRESH).setKind(DataKind.EXTENTS)));
        assertEquals(DataStatus.OK, good.does(derive(chunk(61), FRESH)));
        assertEquals(DataStatus.OK, good.does(sync()));
        assertEquals(DataStatus.OK, good.does(read(FRESH).setFence(0)), "without an attachment");
        var reader = new Bearer(OTHER).with(capability(Right.READ, VOLUME, 0, OTHER));
        assertEquals(DataStatus.OK, reader.does(read(FRESH).setFence(0).setSession(OTHER)));
        var check = new Bearer(OTHER).with(capability(Right.INSPECT, 0, 0, OTHER));
        var list = cluster.request(DataKind.LIST_CHUNKS).setStore(primary());
        assertEquals(DataStatus.OK, check.does(list));
    }

    private int primary() {
        return cluster.control.group(GROUP).getPrimary();
    }

    private DataHeader.Builder sync() {
        long epoch = cluster.control.group(GROUP).getEpoch();
        return DataHeader.newBuilder()
                .setKind(DataKind.SYNC)
                .addSyncGroups(GroupEpoch.newBuilder().setGroup(GROUP).setEpoch(epoch));
    }

    @Test
    void replicasKnowOneAnother() throws IOException {
        int backup = primary() % 3 + 1;
        cluster.nodes.remove(backup).close();
        cluster.control.lose("node-" + backup);
        Bearer good = good();
        eventually("it goes on", () -> good.does(create(FRESH)) == DataStatus.OK);
        cluster.startNode(backup);
        eventually("what it missed it fetches", cluster.control::allServe);
        eventually("and it takes part", () -> good.does(inPlace(FRESH)) == DataStatus.OK);
    }

    @Test
    void keysChangeUnderLoad() {
        Bearer good = good();
        assertEquals(DataStatus.OK, good.does(create(FRESH)));
        DataHeader.Builder old = inPlace(FRESH);
        keys = cluster.control.rotateAccessKey();
        assertEquals(DataStatus.OK, good.does(old.setSequence(++sequence + 1_000)));
        AccessKeys newest = cluster.control.rotateAccessKey();
        eventually("the key is gone", () -> good.does(read(FRESH)) == DataStatus.NOT_ALLOWED);
        keys = newest;
        assertEquals(DataStatus.NOT_ALLOWED, good.does(read(FRESH)), "so is the capability");
        Bearer renewed = good();
        eventually("all know the new one", () -> renewed.does(inPlace(FRESH)) == DataStatus.OK);
    }

    // ------------------------------------------------------------ what is not

    @Test
    void everyAttemptIsRefusedCountedAndTold() {
        long before = refusals();
        Map<String, DataStatus> attempts = new TreeMap<>(attempts());
        assertEquals(
                Map.of(),
                attempts.entrySet().stream()
                        .filter(attempt -> attempt.getValue() != DataStatus.NOT_ALLOWED)
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
        assertTrue(attempts.size() >= 30, "so many attempts: " + attempts.size());
        assertTrue(refusals() - before >= attempts.size());
        eventually("the quorum is told", () -> !cluster.control.refusals().isEmpty());
        AccessRefused told = cluster.control.refusals().getFirst();
        assertFalse(told.getWhy().isEmpty());
        assertTrue(told.getCount() > 0);
        assertEquals(DataStatus.OK, good().does(read(MADE)), "nothing has changed for the others");
    }

    private long refusals() {
        return cluster.nodes.values().stream()
                .mapToLong(node -> node.metrics().counter("node.access.refusals").getCount())
                .sum();
    }

    private Map<String, DataStatus> attempts() {
        Map<String, DataStatus> done = new TreeMap<>();
        var nobody = new Bearer(SESSION);
        done.put("read with a tag only", nobody.does(read(MADE)));
        done.put("write with a tag only", nobody.does(inPlace(MADE)));
        done.put("create with a tag only", nobody.does(create(FRESH)));
        done.put("flush as nobody", nobody.does(sync()));
        done.put("list as nobody", nobody.does(cluster.request(DataKind.LIST_CHUNKS)));
        done.put("count as nobody", nobody.does(cluster.request(DataKind.CHUNK_STATS)));
        done.put("repair as nobody", nobody.does(cluster.request(DataKind.REPAIR).setChunk(MADE)));
        for (DataKind kind :
                List.of(
                        DataKind.TAIL,
                        DataKind.PULL_CHUNKS,
                        DataKind.FETCH_CHUNK,
                        DataKind.READ_REPLICA,
                        DataKind.SYNCED)) {
            var request = cluster.request(kind).setChunk(MADE).setBlockCount(1).setAskingStore(2);
            done.put(kind + " with a node's hello", nobody.does(request));
            done.put(kind + " as a client", good().does(request));
        }
        ofTheSibling(done);
        ofTheHolder(done);
        ofBadCapabilities(done);
        return done;
    }

    private void ofTheSibling(Map<String, DataStatus> done) {
        Bearer sibling = sibling();
        done.put("read a sibling's chunk", sibling.does(ofClone(read(MADE))));
        done.put("read without a tag", sibling.does(ofClone(read(MADE).setTag(0))));
        done.put("read as its client", sibling.does(read(MADE)));
        done.put("read as nobody's client", sibling.does(read(MADE).setVolume(0).setFence(0)));
        done.put("write a sibling's chunk", sibling.does(ofClone(inPlace(MADE))));
        done.put("derive from a sibling's chunk", sibling.does(ofClone(derive(FRESH, MADE))));
        long own = keys.tags().fresh(OTHER, FRESH);
        done.put(
                "derive an own one from it",
                sibling.does(ofClone(derive(FRESH, MADE).setTag(own))));
        done.put("make with another's id", sibling.does(ofClone(create(FRESH))));
        long shared = keys.tags().read(CLONE, MADE);
        done.put(
                "write a shared chunk by the tag to read it",
                sibling.does(ofClone(inPlace(MADE).setTag(shared))));
        for (long guess = 0; guess < 5; guess++) {
            done.put(
                    "guess " + guess, sibling.does(ofClone(read(MADE).setTag(shared ^ guess + 1))));
        }
    }

    private void ofTheHolder(Map<String, DataStatus> done) {
        Bearer good = good();
        done.put("another fence", good.does(inPlace(MADE).setFence(2)));
        done.put("no fence", good.does(inPlace(MADE).setFence(0)));
        done.put("read with another fence", good.does(read(MADE).setFence(2)));
        done.put("another session", good.does(inPlace(MADE).setSession(OTHER)));
        done.put("another generation", good.does(inPlace(MADE).setGeneration(2)));
        done.put("another chunk", good.does(inPlace(MADE).setChunk(chunk(51))));
        done.put("derive by a read tag", good.does(derive(FRESH, MADE).setTag(0)));
        done.put(
                "derive from anything",
                good.does(derive(FRESH, chunk(1)).setFromTag(keys.tags().read(CLONE, chunk(1)))));
        var reader = new Bearer(OTHER).with(capability(Right.READ, VOLUME, 0, OTHER));
        done.put("write as a reader", reader.does(inPlace(MADE).setFence(0).setSession(OTHER)));
    }

    private void ofBadCapabilities(Map<String, DataStatus> done) {
        long now = Time.system().wallMillis();
        var over = new Capability(Right.WRITE, VOLUME, 1, SESSION, "", now - 400_000);
        done.put("expired", new Bearer(SESSION).with(over).does(read(MADE)));
        byte[] forged = keys.sign(capability(Right.WRITE, CLONE, 1, SESSION));
        forged[13] = (byte) VOLUME;
        done.put("forged", new Bearer(SESSION).with(forged).does(read(MADE)));
        var stolen = capability(Right.WRITE, VOLUME, 1, SESSION);
        done.put("replayed by another", new Bearer(OTHER).with(stolen).does(read(MADE)));
        var old = AccessKeys.NONE;
        for (int i = 0; i < 3; i++) {
            old = old.with(new io.coppice.model.AccessKey(i + 1, 9, 9, 9, 9));
        }
        byte[] foreign = old.sign(stolen);
        done.put("another cluster's", new Bearer(SESSION).with(foreign).does(read(MADE)));
        done.put("noise", new Bearer(SESSION).with(new byte[500]).does(read(MADE)));
        var inspector = new Bearer(SESSION).with(capability(Right.INSPECT, 0, 0, SESSION));
        done.put("read as an inspector", inspector.does(read(MADE)));
    }

    /// What was shown in one session would count in that of another, whose sequences could be noted
    /// as done.
    @Test
    void aConnectionKeepsItsSession() {
        Bearer good = good();
        assertEquals(DataStatus.OK, good.does(create(FRESH)));
        var again =
                DataHeader.newBuilder()
                        .setKind(DataKind.HELLO)
                        .setHello(
                                Hello.newBuilder()
                                        .setProtocol(1)
                                        .setCluster(FakeControl.CLUSTER)
                                        .setSession(OTHER));
        assertEquals(DataStatus.BAD_REQUEST, good.ask(again, new byte[0]).getStatus());
    }

    @Test
    void whoWasTakenOverStaysFenced() {
        Bearer good = good();
        long barrier =
                cluster.control.pushBarrier(
                        VolumeBarrier.newBuilder().setVolume(VOLUME).setMinFence(2).build());
        eventually("it is fenced", () -> cluster.control.isDone(barrier));
        assertEquals(DataStatus.FENCED, good.does(inPlace(MADE)));
        assertEquals(DataStatus.FENCED, good.does(read(MADE)));
        assertEquals(DataStatus.FENCED, good().does(create(FRESH)), "a replayed capability");
    }

    /// The lease's tag knows no generation, so the chunk's birth is asked for.
    @Test
    void whatASnapshotHasTakenIsNotChangedByTheTagOfItsLease() {
        Bearer good = good();
        long barrier =
                cluster.control.pushBarrier(
                        VolumeBarrier.newBuilder()
                                .setVolume(VOLUME)
                                .setSealedGeneration(1)
                                .build());
        eventually("it is sealed", () -> cluster.control.isDone(barrier));
        assertEquals(DataStatus.SEALED, good.does(create(MADE)));
        assertEquals(DataStatus.SEALED, good.does(inPlace(MADE)));
        assertEquals(DataStatus.NO_SUCH_CHUNK, good.does(create(MADE).setGeneration(2)));
        assertEquals(
                DataStatus.NO_SUCH_CHUNK,
                good.does(create(MADE).setGeneration(2).setCreate(false)));
        assertEquals(DataStatus.NOT_ALLOWED, good.does(inPlace(MADE).setGeneration(2)));
        assertEquals(DataStatus.OK, good.does(create(FRESH).setGeneration(2)), "a new one is made");
    }
}
