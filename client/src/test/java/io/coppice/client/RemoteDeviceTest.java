package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.codahale.metrics.MetricRegistry;
import io.coppice.directory.ControlClient;
import io.coppice.net.Transport;
import io.coppice.port.Entropy;
import io.coppice.port.Time;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The whole library over sockets against a quorum and a node in memory.
@Timeout(60)
class RemoteDeviceTest {
    private static final int SIZE = 9 * MemoryQuorum.CHUNK_BYTES - 8192;

    private Transport transport;
    private MemoryNode node;
    private MemoryQuorum quorum;
    private CoppiceClient client;

    @BeforeEach
    void start() throws IOException {
        transport = Transport.create("memory-node", 1);
        node = new MemoryNode(transport);
        quorum = new MemoryQuorum(node, SIZE);
        client =
                CoppiceClient.connect(
                        ClientConfig.defaults(List.of(quorum.address()), "test")
                                .withOperationDeadline(Duration.ofSeconds(20)));
    }

    @AfterEach
    void stop() {
        client.close();
        quorum.close();
        node.close();
        transport.close();
    }

    @Test
    void bytesOfAnyAlignmentComeBack() throws IOException {
        BlockDevice device = client.open("vol");
        churn(device, new Random(1), 300, () -> {});
        assertTrue(quorum.flipMessages <= quorum.flips);
    }

    @Test
    void brokenConnectionsAndStreamsChangeNothing() throws IOException {
        BlockDevice device = client.open("vol");
        node.breakOneIn = 25;
        var random = new Random(2);
        churn(
                device,
                random,
                200,
                () -> {
                    if (random.nextInt(40) == 0) {
                        quorum.dropStream();
                    }
                });
    }

    /// The flip is durable; so must be what it points at, or a power failure loses flushed blocks
    /// of the parent.
    @Test
    void aNewChunkIsDurableBeforeTheVolumePointsAtIt() throws IOException {
        BlockDevice device = client.open("vol");
        device.blocking().write(0, new byte[8192], 0, 8192);
        device.blocking().flush();
        quorum.snapshot("s", true);
        device.blocking().write(4096, new byte[4096], 0, 4096);
        assertTrue(node.made.get() >= 2, "one chunk was created, one derived");
        assertEquals(0, node.madeInMemory.get());
    }

    /// Both requests are of one session, so both answers are about one attachment.
    @Test
    void anOpenThatTimedOutDoesNotEndTheNextOne() throws Exception {
        var config =
                ClientConfig.defaults(List.of(quorum.address()), "hasty")
                        .withControlDeadline(Duration.ofMillis(300));
        try (CoppiceClient hasty = CoppiceClient.connect(config)) {
            quorum.holdsAttaches = true;
            DeviceException late = assertThrows(DeviceException.class, () -> hasty.open("vol"));
            assertEquals(DeviceException.Reason.TIMED_OUT, late.reason());
            CompletableFuture<BlockDevice> next = hasty.openAsync("vol");
            quorum.answerAttaches();
            BlockDevice device = next.get(10, TimeUnit.SECONDS);
            device.blocking().write(0, new byte[4096], 0, 4096);
            assertTrue(quorum.isAttached());
        }
    }

    @Test
    void aFlushSaysOnceThatWritesWereLost() throws IOException {
        BlockDevice device = client.open("vol");
        BlockingDevice blocking = device.blocking();
        blocking.write(0, new byte[4096], 0, 4096);
        quorum.loses(2);
        blocking.flush(); // what makes a chunk is durable before it is acknowledged
        blocking.write(0, new byte[4096], 0, 4096);
        quorum.loses(3);
        DeviceException lost = assertThrows(DeviceException.class, blocking::flush);
        assertEquals(DeviceException.Reason.WRITES_LOST, lost.reason());
        blocking.flush();
        blocking.write(0, new byte[4096], 0, 4096);
        blocking.flush();
    }

    @Test
    void flushesThatWaitAreBounded() throws IOException {
        BlockDevice device = client.open("vol");
        device.blocking().write(0, new byte[4096], 0, 4096);
        device.blocking().write(0, new byte[4096], 0, 4096); // not a new chunk, which is durable
        node.silent = true;
        int most = ClientConfig.defaults(List.of("x"), "test").queuedRequests();
        List<CompletableFuture<Void>> flushes = new ArrayList<>();
        for (int i = 0; i < most + 10; i++) {
            flushes.add(device.flush());
        }
        for (CompletableFuture<Void> each : flushes.subList(most, most + 10)) {
            DeviceException refused =
                    assertThrows(
                            DeviceException.class,
                            () -> {
                                try {
                                    each.get(10, TimeUnit.SECONDS);
                                } catch (java.util.concurrent.ExecutionException e) {
                                    throw java.util.Objects.requireNonNull(e.getCause());
                                }
                            });
            assertEquals(DeviceException.Reason.OVERLOADED, refused.reason());
        }
        assertFalse(flushes.get(most - 1).isDone());
        node.silent = false;
    }

    @Test
    void snapshotsKeepWhatWasAcknowledged() throws IOException {
        BlockDevice device = client.open("vol");
        var random = new Random(3);
        List<byte[]> contents = new ArrayList<>();
        var model = new byte[SIZE];
        for (int i = 0; i < 4; i++) {
            churn(device, random, 60, () -> {}, model);
            // Every other one is not told: the client finds out by being refused.
            quorum.snapshot("s" + i, i % 2 == 0);
            contents.add(model.clone());
        }
        churn(device, random, 60, () -> {}, model);
        for (int i = 0; i < contents.size(); i++) {
            BlockDevice snapshot = client.open("vol@s" + i);
            assertArrayEquals(contents.get(i), readAll(snapshot));
            var refused =
                    assertThrows(
                            DeviceException.class,
                            () -> snapshot.blocking().write(0, new byte[1], 0, 1));
            assertEquals(DeviceException.Reason.READ_ONLY, refused.reason());
            snapshot.close();
        }
        assertArrayEquals(model, readAll(device));
    }

    @Test
    void writesUnderWayDuringASnapshotAreWholeInTheVolume() throws Exception {
        BlockDevice device = client.open("vol");
        for (int round = 0; round < 10; round++) {
            var source = Unpooled.buffer(SIZE).writeZero(SIZE);
            source.setByte(round, round + 1);
            List<CompletableFuture<Void>> writes = new ArrayList<>();
            for (int at = 0; at < SIZE; at += 4096) {
                source.setByte(at, round + 1);
                writes.add(device.write(at, source.slice(at, 4096)));
            }
            quorum.snapshot("r" + round, true);
            CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new))
                    .get(20, TimeUnit.SECONDS);
            assertArrayEquals(Unpooled.copiedBuffer(source).array(), readAll(device));
        }
    }

    @Test
    void extentsTellHolesDataAndSharedData() throws IOException {
        BlockingDevice device = client.open("vol").blocking();
        int chunk = MemoryQuorum.CHUNK_BYTES;
        device.write(chunk + 4096, new byte[8192], 0, 8192);
        assertEquals(
                List.of(
                        new Extent(0, chunk + 4096, false, false),
                        new Extent(chunk + 4096, 8192, true, false),
                        new Extent(chunk + 12288, SIZE - chunk - 12288, false, false)),
                device.extents(0, SIZE));
        quorum.snapshot("s", true);
        device.write(5 * chunk, new byte[1], 0, 1);
        assertEquals(
                List.of(
                        new Extent(chunk + 6000, 12288 - 6000, true, true),
                        new Extent(chunk + 12288, 100, false, false)),
                device.extents(chunk + 6000, 12288 - 6000 + 100));
        assertEquals(
                List.of(new Extent(5L * chunk, 4096, true, false)),
                device.extents(5L * chunk, 4096));
    }

    @Test
    void discardAndZeroesUnmap() throws IOException {
        BlockingDevice device = client.open("vol").blocking();
        var ones = new byte[SIZE];
        Arrays.fill(ones, (byte) 1);
        device.write(0, ones, 0, SIZE);
        assertEquals(9, quorum.mapped());
        device.discard(0, SIZE);
        assertEquals(0, quorum.mapped());
        device.write(0, ones, 0, SIZE);
        device.writeZeroes(100, SIZE - 200, true);
        assertEquals(2, quorum.mapped()); // the ends keep their bytes
        Arrays.fill(ones, 100, SIZE - 100, (byte) 0);
        assertArrayEquals(ones, readAll(client.open("vol")));
        device.writeZeroes(MemoryQuorum.CHUNK_BYTES, 4096, false);
        assertEquals(3, quorum.mapped());
    }

    @Test
    void wrongRequestsAreRefused() throws IOException {
        BlockDevice device = client.open("vol");
        BlockingDevice blocking = device.blocking();
        for (long[] range : new long[][] {{-1, 1}, {SIZE, 1}, {SIZE - 1, 2}, {Long.MAX_VALUE, 1}}) {
            var data = new byte[(int) range[1]];
            var refused =
                    assertThrows(
                            DeviceException.class,
                            () -> blocking.write(range[0], data, 0, data.length));
            assertEquals(DeviceException.Reason.OUT_OF_RANGE, refused.reason());
            assertThrows(
                    DeviceException.class, () -> blocking.read(range[0], data, 0, data.length));
            assertThrows(DeviceException.class, () -> blocking.discard(range[0], range[1]));
        }
        assertThrows(DeviceException.class, () -> blocking.discard(0, -1));
        blocking.write(SIZE, new byte[0], 0, 0);
        blocking.read(0, new byte[0], 0, 0);
        blocking.discard(5, 0);
        blocking.writeZeroes(5, 0, true);
        assertEquals(List.of(), blocking.extents(0, 0));
        device.close();
        assertFalse(quorum.isAttached());
        var closed = assertThrows(DeviceException.class, () -> blocking.read(0, new byte[1], 0, 1));
        assertEquals(DeviceException.Reason.CLOSED, closed.reason());
        var unknown = assertThrows(DeviceException.class, () -> client.open("nothing"));
        assertEquals(DeviceException.Reason.NOT_FOUND, unknown.reason());
        assertThrows(DeviceException.class, () -> client.open("vol@nothing"));
    }

    @Test
    void sizeFollowsResizes() throws Exception {
        BlockDevice device = client.open("vol");
        var told = new CompletableFuture<Long>();
        device.onSizeChange(told::complete);
        quorum.resize(2L * SIZE);
        assertEquals(2L * SIZE, told.get(10, TimeUnit.SECONDS));
        assertEquals(2L * SIZE, device.size());
        device.blocking().write(2L * SIZE - 1, new byte[] {1}, 0, 1);
    }

    @Test
    void flushGoesToTheNodesWithWritesSince() throws IOException {
        BlockingDevice device = client.open("vol").blocking();
        device.flush();
        assertEquals(0, node.syncs.get());
        device.write(0, new byte[4096], 0, 4096);
        device.flush();
        assertEquals(0, node.syncs.get(), "a new chunk is durable before it is acknowledged");
        device.write(0, new byte[4096], 0, 4096);
        device.flush();
        device.flush();
        assertEquals(1, node.syncs.get());
    }

    /// Seven pauses that double take so long at least, whatever the jitter.
    @Test
    void aGroupWithoutPrimaryIsAskedForEverMoreSlowly() throws Exception {
        var eighth = new CountDownLatch(8);
        Entropy chance =
                () -> {
                    eighth.countDown();
                    return 1L << 40;
                };
        try (CoppiceClient patient = inWorld(Duration.ofMillis(5), chance)) {
            BlockDevice device = patient.open("vol");
            device.blocking().write(0, new byte[4096], 0, 4096);
            stopServing(device);
            long start = System.nanoTime();
            CompletableFuture<Void> written = write(device);
            assertTrue(eighth.await(30, TimeUnit.SECONDS));
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertTrue(millis >= 2 + 5 + 10 + 20 + 40 + 80 + 160, "only " + millis + " ms");
            quorum.serves(true);
            written.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void aNewViewEndsThePause() throws Exception {
        var pausing = new CountDownLatch(1);
        Entropy chance =
                () -> {
                    pausing.countDown();
                    return 1;
                };
        try (CoppiceClient sleepy = inWorld(Duration.ofHours(1), chance)) {
            BlockDevice device = sleepy.open("vol");
            device.blocking().write(0, new byte[4096], 0, 4096);
            stopServing(device);
            CompletableFuture<Void> written = write(device);
            assertTrue(pausing.await(10, TimeUnit.SECONDS));
            quorum.serves(true);
            written.get(10, TimeUnit.SECONDS);
        }
    }

    /// Until the client has heard of it.
    private void stopServing(BlockDevice device) throws Exception {
        var told = new CompletableFuture<Long>();
        device.onSizeChange(told::complete);
        quorum.serves(false);
        quorum.resize(2L * SIZE); // comes after the view
        told.get(10, TimeUnit.SECONDS);
    }

    private CompletableFuture<Void> write(BlockDevice device) {
        var written = new CompletableFuture<Void>();
        device.write(
                0,
                Unpooled.wrappedBuffer(new byte[4096]),
                false,
                failure -> {
                    if (failure == null) {
                        written.complete(null);
                    } else {
                        written.completeExceptionally(failure);
                    }
                });
        return written;
    }

    private CoppiceClient inWorld(Duration retryPause, Entropy chance) {
        var defaults = ClientConfig.defaults(List.of(quorum.address()), "test");
        var config =
                new ClientConfig(
                        defaults.endpoints(),
                        defaults.clientName(),
                        defaults.operationDeadline(),
                        defaults.controlDeadline(),
                        defaults.attemptTimeout(),
                        retryPause,
                        retryPause.plusMillis(500),
                        defaults.pieceBytes(),
                        defaults.inFlightOperations(),
                        defaults.inFlightBytes(),
                        defaults.queuedRequests(),
                        defaults.mapPages(),
                        defaults.flipMessages(),
                        defaults.chunkIdsLeased(),
                        defaults.cacheBytes());
        ExecutorService waiters = Executors.newCachedThreadPool();
        var world =
                new CoppiceClient.World(
                        transport,
                        transport.next(),
                        new ControlClient(config.endpoints(), config.controlDeadline()),
                        waiters,
                        Time.system(),
                        chance,
                        waiters::shutdownNow);
        return CoppiceClient.start(config, world, new MetricRegistry());
    }

    @Test
    void aFullClusterSaysSo() throws IOException {
        BlockingDevice device = client.open("vol").blocking();
        node.full = true;
        var refused =
                assertThrows(DeviceException.class, () -> device.write(0, new byte[4096], 0, 4096));
        assertEquals(DeviceException.Reason.NO_SPACE, refused.reason());
        node.full = false;
        device.write(0, new byte[4096], 0, 4096);
    }

    @Test
    void aVolumeTakenOverFailsEverything() throws IOException {
        BlockDevice device = client.open("vol");
        BlockingDevice blocking = device.blocking();
        blocking.write(0, new byte[4096], 0, 4096);
        quorum.takeOver();
        var lost =
                assertThrows(
                        DeviceException.class,
                        () -> {
                            for (int i = 0; i < 1_000; i++) {
                                blocking.write(0, new byte[4096], 0, 4096);
                            }
                        });
        assertEquals(DeviceException.Reason.LOST, lost.reason());
        assertThrows(DeviceException.class, () -> blocking.read(0, new byte[1], 0, 1));
        assertThrows(DeviceException.class, blocking::flush);
        client.open("vol").blocking().write(0, new byte[4096], 0, 4096);
    }

    @Test
    void silenceEndsWithTheDeadline() throws IOException {
        try (var hasty =
                CoppiceClient.connect(
                        ClientConfig.defaults(List.of(quorum.address()), "hasty")
                                .withOperationDeadline(Duration.ofSeconds(2)))) {
            BlockDevice open = hasty.open("vol");
            BlockingDevice device = open.blocking();
            device.write(0, new byte[4096], 0, 4096);
            node.silent = true;
            var late =
                    assertThrows(
                            DeviceException.class, () -> device.write(0, new byte[4096], 0, 4096));
            assertEquals(DeviceException.Reason.TIMED_OUT, late.reason());
            assertThrows(DeviceException.class, () -> device.read(0, new byte[4096], 0, 4096));
            node.silent = false;
            open.close();
            assertTrue(quorum.detachedUnsure, "the write may still be on its way");
        }
    }

    @Test
    void aVolumeOpenedTwiceIsOneDevice() throws IOException {
        BlockDevice one = client.open("vol");
        BlockDevice two = client.open("vol");
        assertSame(one, two);
        one.close();
        two.blocking().write(0, new byte[1], 0, 1);
        two.close();
        assertThrows(DeviceException.class, () -> two.blocking().write(0, new byte[1], 0, 1));
        assertFalse(quorum.isAttached());
        assertFalse(quorum.detachedUnsure);
    }

    @Test
    void everyBufferIsGivenBack() throws Exception {
        BlockDevice device = client.open("vol");
        ByteBuf data = Unpooled.directBuffer(300_000).writeZero(300_000);
        device.write(1, data).get();
        device.write(4096, data.slice(0, 4096)).get();
        ByteBuf target = Unpooled.directBuffer(200_000, 200_000);
        device.read(77, target).get();
        assertEquals(200_000, target.readableBytes());
        device.close();
        assertEquals(1, data.refCnt());
        assertEquals(1, target.refCnt());
    }

    @Test
    void theLoadGeneratorVerifies() throws IOException {
        BlockDevice device = client.open("vol");
        var options =
                new LoadGenerator.Options(true, 30, 4096, 16, Duration.ofMillis(500), true, 0, 1);
        LoadGenerator.Result result = new LoadGenerator(device, options).run();
        assertNull(result.firstError());
        assertTrue(result.operations() > 100, result.toString());
        assertTrue(result.verified() > 0);
        assertTrue(result.p50Micros() > 0 && result.p50Micros() <= result.p99Micros());
    }

    @Test
    void aCheckFindsMissingAndOrphanChunks() throws Exception {
        client.open("vol").blocking().write(0, new byte[SIZE], 0, SIZE);
        CheckResult clean = new ClusterCheck(client.control(), false, (done, of) -> {}).run();
        assertTrue(clean.clean(), clean.toString());
        long held = node.chunks.keySet().iterator().next();
        var content = node.chunks.remove(held);
        node.chunks.put(held + 100_000, java.util.Objects.requireNonNull(content));
        CheckResult bad = new ClusterCheck(client.control(), false, (done, of) -> {}).run();
        assertFalse(bad.clean());
        assertEquals(1, bad.missingChunks());
        assertEquals(1, bad.orphanChunks());
        assertEquals(2, bad.details().size());
    }

    // ------------------------------------------------------------ small print

    private static void churn(BlockDevice device, Random random, int count, Runnable between)
            throws IOException {
        churn(device, random, count, between, new byte[SIZE]);
    }

    private static void churn(
            BlockDevice device, Random random, int count, Runnable between, byte[] model)
            throws IOException {
        BlockingDevice blocking = device.blocking();
        for (int i = 0; i < count; i++) {
            int from = random.nextInt(SIZE);
            int length =
                    random.nextInt(Math.min(SIZE - from, random.nextBoolean() ? 3_000 : 150_000))
                            + 1;
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    var data = new byte[length];
                    random.nextBytes(data);
                    blocking.write(from, data, 0, length);
                    System.arraycopy(data, 0, model, from, length);
                }
                case 2 -> {
                    blocking.writeZeroes(from, length, random.nextBoolean());
                    Arrays.fill(model, from, from + length, (byte) 0);
                }
                case 3 -> {
                    int end = from + length == SIZE ? SIZE : (from + length) & -4096;
                    int start = Math.min(end, (from + 4095) & -4096);
                    blocking.discard(from, length);
                    Arrays.fill(model, start, end, (byte) 0);
                }
                default -> {
                    var found = new byte[length];
                    blocking.read(from, found, 0, length);
                    assertArrayEquals(Arrays.copyOfRange(model, from, from + length), found);
                }
            }
            between.run();
        }
        assertArrayEquals(model, readAll(device));
    }

    private static byte[] readAll(BlockDevice device) throws IOException {
        var content = new byte[SIZE];
        device.blocking().read(0, content, 0, SIZE);
        return content;
    }
}
