package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.BlockDevice;
import io.coppice.client.ClusterCheck;
import io.coppice.client.CoppiceClient;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.SnapshotName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// The whole system, through the client library, against naive models.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterModelTest {
    private static final int BLOCK = 4096;

    private final TestCluster cluster;
    private final CoppiceClient client;

    ClusterModelTest(@TempDir Path dir) throws Exception {
        cluster = TestCluster.start(dir);
        client = cluster.client("model-test");
    }

    @BeforeAll
    void serves() throws Exception {
        create("warm-up", 1 << 20);
        try (BlockDevice device = client.open("warm-up")) {
            device.blocking().write(0, new byte[BLOCK], 0, BLOCK);
        }
    }

    @AfterAll
    void stop() throws Exception {
        cluster.close();
    }

    @Test
    void randomOperationsBehaveLikePlainByteArrays() throws Exception {
        for (long seed = 1; seed <= 12; seed++) {
            new RandomOperations(client, seed, 12 * TestCluster.CHUNK_BYTES).run(120);
        }
        assertClean();
    }

    /// Aligned blocks are wholly old or wholly new to readers on other paths, whatever is in
    /// flight.
    @Test
    void alignedBlocksAreNeverTorn() throws Exception {
        create("tear", 1 << 20);
        var stop = new AtomicBoolean();
        try (BlockDevice device = client.open("tear")) {
            device.blocking().write(0, filled(1, 8 * BLOCK), 0, 8 * BLOCK);
            var writers = new CompletableFuture<?>[4];
            for (int w = 0; w < writers.length; w++) {
                int start = w;
                writers[w] =
                        CompletableFuture.runAsync(() -> {
                            for (int n = start; !stop.get(); n++) {
                                int blocks = 1 + n % 8;
                                byte[] data = filled(n, blocks * BLOCK);
                                device.write(
                                                (long) (n % (9 - blocks)) * BLOCK,
                                                Unpooled.wrappedBuffer(data))
                                        .join();
                            }
                        });
            }
            for (int i = 0; i < 2_000; i++) {
                ByteBuf target = Unpooled.buffer(8 * BLOCK, 8 * BLOCK);
                device.read(0, target).join();
                for (int block = 0; block < 8; block++) {
                    assertWhole(target.nioBuffer(block * BLOCK, BLOCK));
                }
                if (i % 400 == 200) {
                    snapshot("tear", "s" + i); // a seal in the middle changes nothing
                }
            }
            stop.set(true);
            CompletableFuture.allOf(writers).join();
        }
        assertClean();
    }

    /// The same over NBD: readers have connections of their own, beside the writers'.
    @Test
    void alignedBlocksAreNeverTornOverNbd(@TempDir Path dir) throws Exception {
        create("tear-nbd", 1 << 20);
        Path script = dir.resolve("tear.py");
        Files.writeString(
                script,
                """
                import nbd, random, sys, threading
                uri, rounds, reads = sys.argv[1], int(sys.argv[2]), 0
                stop, torn = threading.Event(), []
                def connect():
                    h = nbd.NBD(); h.connect_uri(uri); return h
                def write(seed):
                    h, r, n = connect(), random.Random(seed), seed
                    while not stop.is_set():
                        n += 2
                        blocks = r.randint(1, 8)
                        data = n.to_bytes(4, 'big') * (1024 * blocks)
                        h.pwrite(data, 4096 * r.randint(0, 8 - blocks))
                writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
                for each in writers: each.start()
                readers = [connect(), connect()]
                seen = set()
                try:
                    for i in range(rounds):
                        data = readers[i % 2].pread(8 * 4096, 0)
                        for at in range(0, len(data), 4096):
                            block = data[at:at + 4096]
                            seen.add(bytes(block[:4]))
                            if block != block[:4] * 1024: torn.append((i, at))
                finally:
                    stop.set()
                for each in writers: each.join()
                assert not torn, torn[:5]
                assert len(seen) > 100, 'the writers hardly wrote: %d values seen' % len(seen)
                """);
        Path output = dir.resolve("tear.out");
        Process python =
                new ProcessBuilder(
                                "/usr/bin/python3",
                                script.toString(),
                                cluster.nbd("tear-nbd"),
                                "1500")
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        boolean ended = python.waitFor(120, TimeUnit.SECONDS);
        python.destroyForcibly();
        assertTrue(ended, "it did not end");
        assertEquals(0, python.exitValue(), Files.readString(output));
    }

    /// Two volumes, one writer that writes to A, then to B the same number: in every cut B is at A
    /// or one behind.
    @Test
    void aCutOfTwoVolumesIsExact() throws Exception {
        create("cut-a", 1 << 20);
        create("cut-b", 1 << 20);
        var stop = new AtomicBoolean();
        try (BlockDevice a = client.open("cut-a");
                BlockDevice b = client.open("cut-b")) {
            var writer =
                    CompletableFuture.runAsync(() -> {
                        for (int n = 1; !stop.get(); n++) {
                            a.write(0, Unpooled.wrappedBuffer(filled(n, BLOCK))).join();
                            b.write(0, Unpooled.wrappedBuffer(filled(n, BLOCK))).join();
                        }
                    });
            for (int i = 0; i < 20; i++) {
                var cut = CreateSnapshots.newBuilder();
                cut.addSnapshotsBuilder().setVolume("cut-a").setSnapshot("c" + i);
                cut.addSnapshotsBuilder().setVolume("cut-b").setSnapshot("c" + i);
                client.control().execute(ExecuteRequest.newBuilder().setCreateSnapshots(cut));
                int inA = first("cut-a@c" + i);
                int inB = first("cut-b@c" + i);
                assertTrue(inA == inB || inA == inB + 1, "cut " + i + ": " + inA + ", " + inB);
            }
            stop.set(true);
            writer.join();
        }
    }

    private int first(String source) throws Exception {
        try (BlockDevice device = client.open(source)) {
            var block = ByteBuffer.allocate(BLOCK);
            device.blocking().read(0, block);
            return assertWhole(block.flip());
        }
    }

    private void create(String name, long size) throws Exception {
        client.control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateVolume(
                                        CreateVolume.newBuilder().setName(name).setSize(size)));
    }

    private void snapshot(String volume, String snapshot) throws Exception {
        client.control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateSnapshots(
                                        CreateSnapshots.newBuilder()
                                                .addSnapshots(
                                                        SnapshotName.newBuilder()
                                                                .setVolume(volume)
                                                                .setSnapshot(snapshot))));
    }

    private void assertClean() throws Exception {
        var result = new ClusterCheck(client.control(), true, (groups, of) -> {}).run();
        assertTrue(result.clean(), result.toString());
        assertEquals(0, result.orphanChunks(), result.toString());
    }

    private static byte[] filled(int number, int length) {
        var data = ByteBuffer.allocate(length);
        while (data.hasRemaining()) {
            data.putInt(number);
        }
        return data.array();
    }

    private static int assertWhole(ByteBuffer block) {
        int number = block.getInt();
        while (block.hasRemaining()) {
            assertEquals(number, block.getInt(), "torn block");
        }
        return number;
    }
}
