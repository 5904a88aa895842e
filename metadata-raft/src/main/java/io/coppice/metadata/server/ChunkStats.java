package io.coppice.metadata.server;

import com.google.protobuf.ByteString;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Replica;
import io.coppice.metadata.core.Store;
import io.coppice.model.ChunkId;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Entropy;
import io.coppice.port.Time;
import io.coppice.tls.Credentials;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.ChunkStat;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Asks the groups' primaries how many blocks their chunks hold, and how many would go with them.
/// Bounded: ids per request, requests under way, and time. Thread-safe.
final class ChunkStats implements AutoCloseable {
    private static final int IDS_PER_REQUEST = 3000;
    private static final int REQUESTS_IN_FLIGHT = 8;
    private static final long TIMEOUT_MILLIS = 3_000;
    private static final int PROTOCOL = 1;
    private static final String LATE = "the stores did not count in time; retry later";

    /// Ids of one group, in one request: what a frame holds.
    private static final int FREED_CHUNKS_MAX = 1 << 20;

    /// Groups are asked page by page, each page as long as a node may take for one.
    private static final long FREED_MILLIS = 20_000;

    /// Ids of one group, `from` to `to` of the sorted array.
    private record Request(int group, int from, int to) {}

    private record Primary(String address, long epoch) {}

    private final @Nullable Credentials credentials;
    private final ReentrantLock lock = new ReentrantLock();
    private final long session = Entropy.system().nextLong();
    // Under the lock. Made when first needed: most metadata servers never are leaders.
    private @Nullable Transport transport;
    private @Nullable EventLoop loop;
    private final Map<String, Peer> peers = new HashMap<>();

    ChunkStats(@Nullable Credentials credentials) {
        this.credentials = credentials;
    }

    /// What nodes let this server in by.
    private record Pass(String cluster, ByteString capability) {}

    private Pass pass(MetadataView view) {
        return new Pass(
                view.config().map(c -> c.cluster()).orElse(""),
                new Vouchers(view, Time.system().wallMillis()).inspection(session, ""));
    }

    /// Fills in the counts of every chunk in the table.
    void count(MetadataView view, ChunkTable table) throws ControlFailure {
        long[] chunks = table.sorted();
        if (chunks.length == 0) {
            return;
        }
        var requests = requests(chunks);
        var primaries = new HashMap<Integer, Primary>();
        for (Request request : requests) {
            if (!primaries.containsKey(request.group())) {
                primaries.put(request.group(), primary(view, request.group()));
            }
        }
        Pass pass = pass(view);
        var permits = new Semaphore(REQUESTS_IN_FLIGHT);
        var answers = new ArrayList<CompletableFuture<DataHeader>>(requests.size());
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
        for (Request request : requests) {
            acquire(permits, deadline);
            Primary primary = primaries.get(request.group());
            if (primary == null) {
                throw new IllegalStateException("no primary was looked up");
            }
            var answer = ask(pass, primary, chunks, request);
            answers.add(answer);
            answer.whenComplete((header, failed) -> permits.release());
        }
        for (CompletableFuture<DataHeader> answer : answers) {
            long leftMillis =
                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
            DataHeader header = Leadership.await(answer, leftMillis, () -> LATE);
            for (ChunkStat stat : header.getStatsList()) {
                table.count(stat.getChunk(), stat.getBlocks(), stat.getOwnBlocks());
            }
        }
    }

    /// How many blocks would be free on each replica without these chunks, which ascend: each
    /// counted once, and only if no other chunk shares it.
    long freed(MetadataView view, long[] chunks) throws ControlFailure {
        Pass pass = pass(view);
        var permits = new Semaphore(REQUESTS_IN_FLIGHT);
        var answers = new ArrayList<CompletableFuture<Long>>();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FREED_MILLIS);
        for (int from = 0; from < chunks.length; ) {
            int group = ChunkId.group(chunks[from]);
            int to = from;
            while (to < chunks.length && ChunkId.group(chunks[to]) == group) {
                to++;
            }
            if (to - from > FREED_CHUNKS_MAX) {
                throw ControlFailure.badRequest(
                        "more than " + FREED_CHUNKS_MAX + " chunks of a group: ask for less");
            }
            acquire(permits, deadline);
            var pages =
                    new FreedPages(
                            pass,
                            primary(view, group),
                            Arrays.copyOfRange(chunks, from, to),
                            deadline);
            var answer = pages.from(0, 0, 0);
            answers.add(answer);
            answer.whenComplete((blocks, failed) -> permits.release());
            from = to;
        }
        long sum = 0;
        for (CompletableFuture<Long> answer : answers) {
            long leftMillis =
                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
            sum += Leadership.await(answer, leftMillis, () -> LATE);
        }
        return sum;
    }

    /// One group counts, page by page.
    private final class FreedPages {
        private final Pass pass;
        private final Primary primary;
        private final long[] chunks;
        private final long deadline;

        FreedPages(Pass pass, Primary primary, long[] chunks, long deadline) {
            this.pass = pass;
            this.primary = primary;
            this.chunks = chunks;
            this.deadline = deadline;
        }

        /// All that was counted before, and from there on.
        CompletableFuture<Long> from(long chunk, int block, long before) {
            var ids = ByteBuffer.allocate(chunks.length * Long.BYTES);
            ids.asLongBuffer().put(chunks);
            var header =
                    DataHeader.newBuilder()
                            .setKind(DataKind.FREED_BLOCKS)
                            .setGroup(ChunkId.group(chunks[0]))
                            .setEpoch(primary.epoch())
                            .setCursor(chunk)
                            .setBlock(block)
                            .addCrcs(Checksums.crc32c(ids));
            return ask(pass, primary, header, Unpooled.wrappedBuffer(ids))
                    .thenCompose(page -> {
                        long sum = before + page.getFreedBlocks();
                        if (page.getLast()) {
                            return CompletableFuture.completedFuture(sum);
                        }
                        return System.nanoTime() - deadline > 0
                                ? CompletableFuture.failedFuture(late())
                                : from(page.getCursor(), page.getBlock(), sum);
                    });
        }
    }

    private static void acquire(Semaphore permits, long deadline) throws ControlFailure {
        try {
            if (permits.tryAcquire(
                    Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
        throw late();
    }

    private static ControlFailure late() {
        return ControlFailure.unavailable(LATE);
    }

    private static List<Request> requests(long[] chunks) {
        var requests = new ArrayList<Request>();
        int from = 0;
        for (int i = 1; i <= chunks.length; i++) {
            boolean ends =
                    i == chunks.length
                            || ChunkId.group(chunks[i]) != ChunkId.group(chunks[from])
                            || i - from == IDS_PER_REQUEST;
            if (ends) {
                requests.add(new Request(ChunkId.group(chunks[from]), from, i));
                from = i;
            }
        }
        return requests;
    }

    private static Primary primary(MetadataView view, int id) throws ControlFailure {
        Group group = view.group(id).orElse(null);
        Replica replica = group == null ? null : group.primary().orElse(null);
        if (group == null || replica == null) {
            throw ControlFailure.unavailable(
                    "group " + id + " has no serving replica, so its blocks cannot be counted");
        }
        String address =
                view.store(replica.store())
                        .map(Store::node)
                        .flatMap(view::node)
                        .map(Node::address)
                        .orElse("");
        return new Primary(address, group.epoch());
    }

    private CompletableFuture<DataHeader> ask(
            Pass pass, Primary primary, long[] chunks, Request request) {
        var header =
                DataHeader.newBuilder()
                        .setKind(DataKind.CHUNK_STATS)
                        .setGroup(request.group())
                        .setEpoch(primary.epoch());
        for (int i = request.from(); i < request.to(); i++) {
            header.addChunks(chunks[i]);
        }
        return ask(pass, primary, header, null);
    }

    private CompletableFuture<DataHeader> ask(
            Pass pass, Primary primary, DataHeader.Builder header, @Nullable ByteBuf payload) {
        var answer = new CompletableFuture<DataHeader>();
        Peer peer;
        EventLoop on;
        lock.lock();
        try {
            peer = peer(pass.cluster(), primary.address());
            on = loop();
        } finally {
            lock.unlock();
        }
        on.execute(() -> {
            peer.open(0, pass.capability());
            peer.call(
                    header,
                    payload,
                    TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS),
                    new ReplyHandler() {
                        @Override
                        public void reply(DataHeader reply, ByteBuf nothing) {
                            nothing.release();
                            if (reply.getStatus() == DataStatus.OK) {
                                answer.complete(reply);
                            } else {
                                failed(reply.getStatus() + " " + reply.getMessage());
                            }
                        }

                        @Override
                        public void failed(String why) {
                            answer.completeExceptionally(
                                    ControlFailure.unavailable(
                                            "group "
                                                    + header.getGroup()
                                                    + " did not count its blocks: "
                                                    + why.strip()));
                        }
                    });
        });
        return answer;
    }

    private EventLoop loop() {
        EventLoop present = loop;
        if (present == null) {
            Transport made = Transport.create("metadata-stats", 1, credentials);
            transport = made;
            present = made.next();
            loop = present;
        }
        return present;
    }

    private Peer peer(String cluster, String address) {
        EventLoop on = loop();
        Transport with = transport;
        if (with == null) {
            throw new IllegalStateException("the transport is made with the loop");
        }
        return peers.computeIfAbsent(
                address,
                to ->
                        new Peer(
                                with,
                                on,
                                Transport.parse(to),
                                Hello.newBuilder()
                                        .setProtocol(PROTOCOL)
                                        .setCluster(cluster)
                                        .setSession(session)
                                        .build(),
                                PeerConfig.defaults(),
                                Time.system()));
    }

    @Override
    public void close() {
        List<Peer> open;
        Transport with;
        EventLoop on;
        lock.lock();
        try {
            open = List.copyOf(peers.values());
            peers.clear();
            with = transport;
            on = loop;
            transport = null;
            loop = null;
        } finally {
            lock.unlock();
        }
        if (with != null && on != null) {
            on.execute(() -> open.forEach(Peer::close));
            with.close();
        }
    }
}
