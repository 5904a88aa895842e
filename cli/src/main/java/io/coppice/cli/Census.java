package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.ReplicaInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Asks storage nodes which chunks their stores hold. Used by one thread.
final class Census implements AutoCloseable {
    private static final long PAGE_NANOS = TimeUnit.SECONDS.toNanos(30);
    /// A page that reads all of its data, on a busy disk.
    private static final long DEEP_PAGE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final Transport transport = Transport.create("census", 1);
    private final EventLoop loop = transport.next();
    private final Map<String, Peer> peers = new HashMap<>();
    private final Hello hello;
    private final boolean deep;

    Census(String cluster, boolean deep) {
        this.hello = Hello.newBuilder()
                .setProtocol(1)
                .setCluster(cluster)
                .setSession(Entropy.system().nextLong())
                .build();
        this.deep = deep;
    }

    /// Every chunk of a group that a replica holds, by id.
    Map<Long, ChunkInfo> chunks(GroupInfo group, ReplicaInfo replica) throws IOException {
        Map<Long, ChunkInfo> chunks = new HashMap<>();
        long cursor = 0;
        boolean last = false;
        while (!last) {
            DataHeader answer = call(replica, DataHeader.newBuilder()
                    .setKind(DataKind.LIST_CHUNKS)
                    .setGroup(group.getId())
                    .setEpoch(group.getEpoch())
                    .setStore(replica.getStore())
                    .setCursor(cursor)
                    .setDeep(deep));
            for (ChunkInfo chunk : answer.getChunkPage().getChunksList()) {
                chunks.put(chunk.getChunk(), chunk);
            }
            last = answer.getChunkPage().getLast();
            cursor = answer.getChunkPage().getNextCursor();
        }
        return chunks;
    }

    private DataHeader call(ReplicaInfo replica, DataHeader.Builder request) throws IOException {
        DataHeader answer = Waiting.on(send(replica.getAddress(), request));
        if (answer.getStatus() != DataStatus.OK) {
            throw new CliException(
                    ExitCode.UNAVAILABLE,
                    "store " + replica.getStore() + " at " + replica.getAddress() + " refuses: "
                            + (answer.getMessage().isEmpty() ? answer.getStatus() : answer.getMessage()));
        }
        return answer;
    }

    private CompletableFuture<DataHeader> send(String address, DataHeader.Builder request) {
        CompletableFuture<DataHeader> answer = new CompletableFuture<>();
        loop.execute(() -> peers.computeIfAbsent(
                        address,
                        to -> new Peer(transport, loop, Transport.parse(to), hello, PeerConfig.defaults()))
                .call(request, null, deep ? DEEP_PAGE_NANOS : PAGE_NANOS, new ReplyHandler() {
                    @Override
                    public void reply(DataHeader header, ByteBuf payload) {
                        payload.release();
                        answer.complete(header);
                    }

                    @Override
                    public void failed(String why) {
                        answer.completeExceptionally(new CliException(
                                ExitCode.UNAVAILABLE, "storage node " + address + " does not answer: " + why));
                    }
                }));
        return answer;
    }

    /// Addresses that were asked, for reports.
    List<String> asked() {
        return new ArrayList<>(peers.keySet());
    }

    @Override
    public void close() {
        loop.execute(() -> peers.values().forEach(Peer::close));
        transport.close();
    }
}
