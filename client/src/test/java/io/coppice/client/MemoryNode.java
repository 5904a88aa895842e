package io.coppice.client;

import com.google.protobuf.ByteString;
import io.coppice.model.ChunkId;
import io.coppice.net.Connection;
import io.coppice.net.FrameHandler;
import io.coppice.net.FrameServer;
import io.coppice.net.Transport;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.ChunkPage;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A storage node that keeps chunks in memory and speaks the data plane; it can refuse and break
/// connections.
final class MemoryNode implements AutoCloseable {
    private static final int BLOCK = 4096;

    private final FrameServer server;
    final Map<Long, TreeMap<Integer, byte[]>> chunks = new ConcurrentHashMap<>();
    private final Set<String> outcomes = new HashSet<>();
    private final Set<Connection> connections = new CopyOnWriteArraySet<>();
    private final Random random = new Random(7);
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger syncs = new AtomicInteger();

    /// Changes that make a chunk, and how many of these did not ask for durability.
    final AtomicInteger made = new AtomicInteger();

    final AtomicInteger madeInMemory = new AtomicInteger();
    volatile long epoch = 1;
    volatile long sealed;
    volatile long minFence;
    volatile boolean full;
    volatile boolean silent;
    volatile int breakOneIn;

    /// Holds no group's primary; what it answers of sealed chunks all the same.
    volatile @Nullable MemoryNode backupOf;

    volatile boolean knowsSealed = true;
    final AtomicInteger reads = new AtomicInteger();

    MemoryNode(Transport transport) throws IOException {
        server = transport.listen(new InetSocketAddress("127.0.0.1", 0), Handler::new);
    }

    String address() {
        return Transport.show(server.address());
    }

    private final class Handler implements FrameHandler {
        @Override
        public void opened(Connection connection) {
            connections.add(connection);
        }

        @Override
        public void frame(Connection connection, DataHeader header, ByteBuf payload) {
            try {
                if (!silent) {
                    handle(connection, header, payload);
                }
            } finally {
                payload.release();
            }
        }

        @Override
        public void batchEnd(Connection connection) {}

        @Override
        public void closed(Connection connection, String why) {
            connections.remove(connection);
        }
    }

    private synchronized void handle(Connection connection, DataHeader header, ByteBuf payload) {
        if (header.hasHello()) {
            return;
        }
        if (breakOneIn > 0 && random.nextInt(breakOneIn) == 0) {
            if (random.nextBoolean()) {
                answer(header, payload); // done, but the answer is lost
            }
            connection.close("broken by the test");
            return;
        }
        Answer answer = answer(header, payload);
        connection.send(
                answer.header
                        .setReply(true)
                        .setRequestId(header.getRequestId())
                        .setKind(header.getKind())
                        .build(),
                answer.payload);
    }

    private record Answer(DataHeader.Builder header, @Nullable ByteBuf payload) {
        static Answer status(DataStatus status) {
            return new Answer(DataHeader.newBuilder().setStatus(status), null);
        }
    }

    private Answer answer(DataHeader header, ByteBuf payload) {
        return switch (header.getKind()) {
            case READ -> read(header);
            case WRITE, ZERO ->
                    isStale(header)
                            ? Answer.status(DataStatus.STALE_EPOCH)
                            : write(header, payload);
            case EXTENTS -> extents(header);
            case SYNC -> {
                if (isStale(header)) {
                    yield Answer.status(DataStatus.STALE_EPOCH);
                }
                syncs.incrementAndGet();
                yield Answer.status(DataStatus.OK);
            }
            case LIST_CHUNKS -> list(header);
            default -> Answer.status(DataStatus.BAD_REQUEST);
        };
    }

    private boolean isStale(DataHeader header) {
        return header.getKind() == DataKind.SYNC
                ? header.getSyncGroupsList().stream().anyMatch(each -> each.getEpoch() != epoch)
                : header.getEpoch() != epoch;
    }

    private Answer write(DataHeader header, ByteBuf payload) {
        String name = header.getGroup() + ":" + header.getSession() + ":" + header.getSequence();
        if (outcomes.contains(name)) {
            return Answer.status(DataStatus.OK);
        }
        if (header.getFence() < minFence) {
            return Answer.status(DataStatus.FENCED);
        }
        if (header.getGeneration() <= sealed) {
            return Answer.status(DataStatus.SEALED);
        }
        if (full) {
            return Answer.status(DataStatus.NO_SPACE);
        }
        if (header.getCreate() || header.getFromChunk() != 0) {
            made.incrementAndGet();
            madeInMemory.addAndGet(header.getFua() ? 0 : 1);
        }
        if (header.getCreate()) {
            chunks.putIfAbsent(header.getChunk(), new TreeMap<>());
        } else if (header.getFromChunk() != 0) {
            TreeMap<Integer, byte[]> parent = chunks.get(header.getFromChunk());
            if (parent == null) {
                return Answer.status(DataStatus.NO_SUCH_CHUNK);
            }
            chunks.putIfAbsent(header.getChunk(), new TreeMap<>(parent));
        }
        TreeMap<Integer, byte[]> chunk = chunks.get(header.getChunk());
        if (chunk == null) {
            return Answer.status(DataStatus.NO_SUCH_CHUNK);
        }
        for (int i = 0; i < header.getBlockCount(); i++) {
            if (header.getKind() == DataKind.ZERO) {
                chunk.remove(header.getBlock() + i);
                continue;
            }
            var block = new byte[BLOCK];
            payload.readBytes(block);
            if (Checksums.crc32c(block, 0, BLOCK) != header.getCrcs(i)) {
                return Answer.status(DataStatus.BAD_CHECKSUM);
            }
            chunk.put(header.getBlock() + i, block);
        }
        outcomes.add(name);
        writes.incrementAndGet();
        return Answer.status(DataStatus.OK);
    }

    private Answer read(DataHeader header) {
        MemoryNode primary = backupOf;
        if (primary != null && !(header.getSealed() && knowsSealed)) {
            return Answer.status(DataStatus.NOT_PRIMARY);
        }
        reads.incrementAndGet();
        TreeMap<Integer, byte[]> chunk =
                (primary == null ? this : primary).chunks.get(header.getChunk());
        if (chunk == null) {
            return Answer.status(DataStatus.NO_SUCH_CHUNK);
        }
        var reply = DataHeader.newBuilder();
        var present = new byte[(header.getBlockCount() + 7) / 8];
        ByteBuf data = Unpooled.buffer();
        for (int i = 0; i < header.getBlockCount(); i++) {
            byte[] block = chunk.get(header.getBlock() + i);
            if (block != null) {
                present[i >> 3] |= (byte) (1 << (i & 7));
                reply.addCrcs(Checksums.crc32c(block, 0, BLOCK));
                data.writeBytes(block);
            }
        }
        boolean all = reply.getCrcsCount() == header.getBlockCount();
        return new Answer(all ? reply : reply.setPresent(ByteString.copyFrom(present)), data);
    }

    private Answer extents(DataHeader header) {
        TreeMap<Integer, byte[]> chunk = chunks.get(header.getChunk());
        if (chunk == null) {
            return Answer.status(DataStatus.NO_SUCH_CHUNK);
        }
        var present = new byte[(header.getBlockCount() + 7) / 8];
        for (int i = 0; i < header.getBlockCount(); i++) {
            if (chunk.containsKey(header.getBlock() + i)) {
                present[i >> 3] |= (byte) (1 << (i & 7));
            }
        }
        ByteString bits = ByteString.copyFrom(present);
        return new Answer(DataHeader.newBuilder().setPresent(bits).setOwn(bits), null);
    }

    private Answer list(DataHeader header) {
        var page = ChunkPage.newBuilder().setLast(true);
        chunks.forEach((id, blocks) -> {
            if (ChunkId.group(id) == header.getGroup()) {
                page.addChunks(ChunkInfo.newBuilder().setChunk(id).setBlocks(blocks.size()));
            }
        });
        return new Answer(DataHeader.newBuilder().setChunkPage(page), null);
    }

    @Override
    public void close() {
        server.close();
        connections.forEach(connection -> connection.close("the test is over"));
    }
}
