package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.codahale.metrics.MetricRegistry;
import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import io.coppice.port.Time;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Starting, stopping, sharing and slowing down.
class LifeTest {
    private static final int SIZE = 64 << 20;

    private NbdFixture nbd;
    private MemoryDevice device;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture();
        device = nbd.exports.add("disk", SIZE);
    }

    @AfterEach
    void stop() throws IOException {
        nbd.close();
    }

    @Test
    void connectionsShareADeviceThatClosesAfterTheLast() throws IOException {
        try (var first = client()) {
            try (var second = client()) {
                flush(first);
                flush(second);
            }
            NbdFixture.await("second left", () -> nbd.server.connectionCount() == 1);
            assertEquals(1, nbd.exports.opens.get());
            assertEquals(0, device.closes);
            flush(first);
        }
        NbdFixture.await("closed", () -> device.closes == 1);
        assertEquals(0, nbd.server.exportCount());
        try (var again = client()) {
            flush(again);
        }
        assertEquals(2, nbd.exports.opens.get());
    }

    @Test
    void quickReopeningKeepsTheDevice() throws IOException {
        for (int i = 0; i < 5; i++) {
            try (var client = client()) {
                flush(client);
                client.extended(0, Protocol.CMD_DISC, 0, 0, 0);
                assertTrue(client.dropped());
            }
        }
        assertTrue(nbd.exports.opens.get() <= 2, "linger");
    }

    @Test
    void anUnusableDeviceIsOpenedAnew() throws IOException {
        try (var first = client()) {
            device.failure = NbdError.ESHUTDOWN;
            first.extended(0, Protocol.CMD_FLUSH, 1, 0, 0);
            assertEquals(NbdError.ESHUTDOWN.code(), first.chunk().error());
            device.usable = false;
            nbd.exports.add("disk", SIZE);
            try (var second = client()) {
                flush(second);
            }
            assertEquals(2, nbd.exports.opens.get());
        }
        NbdFixture.await("the old one closes", () -> device.closes == 1);
    }

    @Test
    void aNameThatMovedOpensWhatItNamesNow() throws IOException {
        try (var first = client()) {
            flush(first);
            var other = nbd.exports.add("disk", SIZE);
            try (var second = client()) {
                flush(second);
            }
            assertEquals(1, device.flushes);
            assertEquals(1, other.flushes);
            flush(first);
            assertEquals(2, device.flushes, "who has it open keeps it");
        }
        NbdFixture.await("both close", () -> device.closes == 1);
    }

    @Test
    void deviceErrorsAreTold() throws IOException {
        try (var client = client()) {
            for (var error : List.of(NbdError.EIO, NbdError.ENOSPC, NbdError.ESHUTDOWN)) {
                device.failure = error;
                client.extended(0, Protocol.CMD_READ, 1, 0, 5 << 20);
                assertEquals(error.code(), client.chunk().error());
                client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_WRITE, 2, 5, 3 << 20);
                client.send(new byte[3 << 20]);
                assertEquals(error.code(), client.chunk().error());
                client.extended(0, Protocol.CMD_BLOCK_STATUS, 3, 0, 4096);
                assertEquals(error.code(), client.chunk().error());
            }
            device.failure = null;
            flush(client);
        }
        NbdFixture.await("memory is back", () -> freeAll());
    }

    @Test
    void disconnectWaitsForWhatIsUnderWay() throws IOException {
        try (var client = client()) {
            device.hold = true;
            client.extended(0, Protocol.CMD_FLUSH, 1, 0, 0);
            client.extended(0, Protocol.CMD_DISC, 0, 0, 0);
            NbdFixture.await("the flush arrives", () -> calls().contains("flush"));
            device.letGo();
            assertEquals(Protocol.REPLY_NONE, client.chunk().type());
            assertTrue(client.dropped());
        }
    }

    @Test
    void requestsUnderWayAreBounded() throws IOException {
        int max = NbdFixture.limits().requestsMax();
        nbd.exports.add("other", SIZE);
        try (var client = client()) {
            device.hold = true;
            var requests = ByteBuffer.allocate(3 * max * 32);
            for (int i = 0; i < 3 * max; i++) {
                requests.putInt(Protocol.EXTENDED_REQUEST_MAGIC).putInt(Protocol.CMD_FLUSH);
                requests.putLong(i).putLong(0).putLong(0);
            }
            client.send(requests);
            NbdFixture.await("the bound", () -> calls().size() == max);
            try (var other = other()) {
                flush(other);
            }
            assertEquals(max, calls().size());
            device.letGo();
            for (int i = 0; i < 3 * max; i++) {
                assertTrue(client.chunk().done());
            }
        }
    }

    @Test
    void aClientThatTakesNoAnswersIsNotReadFor() throws IOException {
        device.blocks.clear();
        try (var client = client()) {
            fill(client, 4);
            int reads = 2000; // 2 GB of answers, if all of them were read ahead
            var writer =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    for (int i = 0; i < reads; i++) {
                                        client.extended(0, Protocol.CMD_READ, i, 0, 1 << 20);
                                    }
                                } catch (IOException closed) {
                                    // the test is over
                                }
                            });
            NbdFixture.await("some answers", () -> count("read") > 2);
            NbdFixture.await("a standstill", this::standsStill);
            assertTrue(count("read") < 100, () -> count("read") + " reads for nobody");
            try (var other = client()) {
                flush(other);
            }
            client.close();
            writer.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        NbdFixture.await("memory is back", () -> freeAll());
    }

    @Test
    void sizeFollowsTheDevice() throws IOException {
        try (var client = client()) {
            client.extended(0, Protocol.CMD_READ, 1, SIZE, 512);
            assertEquals(NbdError.EINVAL.code(), client.chunk().error());
            device.size = SIZE + 4096;
            client.extended(0, Protocol.CMD_READ, 2, SIZE, 512);
            assertEquals(Protocol.REPLY_OFFSET_HOLE, client.chunk().type());
        }
    }

    @Test
    void aDeadServersSocketIsReplacedALivingOneIsNot() throws IOException {
        var path = nbd.folder.resolve("t");
        try (var dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
        }
        assertTrue(Files.exists(path), "its file stays behind");
        try (var second = server("unix:" + path)) {
            assertEquals(1, second.addresses().size());
        }
        assertFalse(Files.exists(path), "a clean end removes it");
        var inUse = assertThrows(IOException.class, () -> server("unix:" + nbd.socket()));
        assertTrue(message(inUse).contains("in use"), inUse.getMessage());
        assertFalse(message(inUse).contains("\n"));
        try (var client = client()) {
            flush(client); // the living one was not hurt
        }
        Files.writeString(path, "not a socket");
        var noSocket = assertThrows(IOException.class, () -> server("unix:" + path));
        assertTrue(message(noSocket).contains("no socket"), noSocket.getMessage());
        assertEquals("not a socket", Files.readString(path));
        var tcp = (java.net.InetSocketAddress) nbd.server.addresses().get(1);
        String address = "127.0.0.1:" + tcp.getPort();
        var portInUse = assertThrows(IOException.class, () -> server("127.0.0.1:0", address));
        assertTrue(message(portInUse).contains("in use"), portInUse.getMessage());
    }

    @Test
    void closingAnswersWhatIsUnderWay() throws IOException {
        try (var client = client()) {
            device.hold = true;
            client.extended(0, Protocol.CMD_FLUSH, 1, 0, 0);
            client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_WRITE, 2, 0, 1 << 20);
            client.send(new byte[1000]);
            NbdFixture.await("the flush arrives", () -> calls().contains("flush"));
            var closer = Thread.ofVirtual().start(nbd.server::close);
            var shutdown = client.chunk();
            assertEquals(2, shutdown.cookie());
            assertEquals(NbdError.ESHUTDOWN.code(), shutdown.error());
            device.letGo();
            assertEquals(1, client.chunk().cookie());
            assertTrue(client.dropped());
            NbdFixture.await("closed", () -> !closer.isAlive());
            assertEquals(1, device.closes);
        }
    }

    @Test
    void requestsAreTimed() throws IOException {
        try (var client = client()) {
            fill(client, 1);
            flush(client);
            flush(client);
        }
        NbdFixture.await("counted out", () -> nbd.server.connectionCount() == 0);
        assertEquals(2, nbd.metrics.timer("nbd.requests.flush").getCount());
        assertEquals(1, nbd.metrics.timer("nbd.requests.write").getCount());
        assertEquals(1 << 20, nbd.metrics.meter("nbd.bytes.written").getCount());
        assertEquals(0, nbd.metrics.counter("nbd.connections.open").getCount());
    }

    private NbdServer server(String... listen) throws IOException {
        return NbdServer.start(
                nbd.transport,
                List.of(listen),
                nbd.exports,
                NbdFixture.limits(),
                new TlsGate(NbdTlsConfig.none()),
                new MetricRegistry(),
                Time.system());
    }

    private RawClient client() throws IOException {
        return new RawClient(nbd.socket()).goExtended("disk");
    }

    private RawClient other() throws IOException {
        return new RawClient(nbd.socket()).goExtended("other");
    }

    private static void flush(RawClient client) throws IOException {
        client.extended(0, Protocol.CMD_FLUSH, 99, 0, 0);
        var chunk = client.chunk();
        assertEquals(99, chunk.cookie());
        assertEquals(Protocol.REPLY_NONE, chunk.type());
    }

    /// Writes the first megabytes with ones.
    private static void fill(RawClient client, int megabytes) throws IOException {
        var ones = new byte[1 << 20];
        java.util.Arrays.fill(ones, (byte) 1);
        for (int i = 0; i < megabytes; i++) {
            client.extended(
                    Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_WRITE, i, (long) i << 20, 1 << 20);
            client.send(ones);
            assertEquals(Protocol.REPLY_NONE, client.chunk().type());
        }
    }

    private static String message(IOException error) {
        return String.valueOf(error.getMessage());
    }

    private List<String> calls() {
        synchronized (device.calls) {
            return List.copyOf(device.calls);
        }
    }

    private long count(String call) {
        return calls().stream().filter(call::equals).count();
    }

    /// Whether fifty milliseconds pass without a call of the device.
    private boolean standsStill() {
        int before = calls().size();
        java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
        return calls().size() == before;
    }

    private boolean freeAll() {
        return nbd.server.sharedBytesFree() == NbdFixture.limits().sharedBytes();
    }
}
