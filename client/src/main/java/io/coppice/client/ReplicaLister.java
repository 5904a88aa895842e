package io.coppice.client;

import com.google.protobuf.ByteString;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.ChunkPage;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.ReplicaInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Asks single replicas what they hold, for the check. Thread-safe; answers come as futures.
final class ReplicaLister implements AutoCloseable {
    /// A page of a deep listing reads all its data.
    private static final long PAGE_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(120);

    private final Transport transport;
    private final EventLoop loop;
    private final Map<String, Peer> peers = new HashMap<>();
    private final Hello hello;
    private volatile ByteString capability = ByteString.EMPTY;

    ReplicaLister(String cluster, @Nullable Credentials credentials) {
        transport = Transport.create("check", 1, credentials);
        loop = transport.next();
        hello = Hello.newBuilder().setProtocol(1).setCluster(cluster).build();
    }

    /// What nodes are shown from here on.
    void open(ByteString newest) {
        capability = newest;
    }

    /// All chunks of one replica, by id.
    CompletableFuture<TreeMap<Long, ChunkInfo>> list(
            GroupInfo group, ReplicaInfo replica, boolean deep) {
        var future = new CompletableFuture<TreeMap<Long, ChunkInfo>>();
        loop.execute(
                () -> page(group, replica, deep, 0, new TreeMap<>(Long::compareUnsigned), future));
        return future;
    }

    private void page(
            GroupInfo group,
            ReplicaInfo replica,
            boolean deep,
            long cursor,
            TreeMap<Long, ChunkInfo> found,
            CompletableFuture<TreeMap<Long, ChunkInfo>> future) {
        var request = request(DataKind.LIST_CHUNKS, group, replica).setCursor(cursor).setDeep(deep);
        call(replica.getAddress(), request)
                .whenComplete((header, failure) -> {
                    if (failure != null) {
                        future.completeExceptionally(failure);
                        return;
                    }
                    ChunkPage page = header.getChunkPage();
                    page.getChunksList().forEach(info -> found.put(info.getChunk(), info));
                    boolean stuck = Long.compareUnsigned(page.getNextCursor(), cursor) <= 0;
                    if (page.getLast() || stuck) {
                        future.complete(found);
                    } else {
                        page(group, replica, deep, page.getNextCursor(), found, future);
                    }
                });
    }

    /// Has the replica re-read a chunk's blocks and repair what is bad.
    CompletableFuture<DataHeader> repair(
            GroupInfo group, ReplicaInfo replica, long chunk, int blocks) {
        var request =
                request(DataKind.REPAIR, group, replica)
                        .setChunk(chunk)
                        .setBlock(0)
                        .setBlockCount(blocks);
        var future = new CompletableFuture<DataHeader>();
        loop.execute(() ->
                call(replica.getAddress(), request)
                        .whenComplete((header, failure) -> {
                            if (failure != null) {
                                future.completeExceptionally(failure);
                            } else {
                                future.complete(header);
                            }
                        }));
        return future;
    }

    private static DataHeader.Builder request(DataKind kind, GroupInfo group, ReplicaInfo replica) {
        return DataHeader.newBuilder()
                .setKind(kind)
                .setGroup(group.getId())
                .setEpoch(group.getEpoch())
                .setStore(replica.getStore());
    }

    /// On the loop.
    private CompletableFuture<DataHeader> call(String address, DataHeader.Builder request) {
        var future = new CompletableFuture<DataHeader>();
        Peer peer =
                peers.computeIfAbsent(
                        address,
                        key ->
                                new Peer(
                                        transport,
                                        loop,
                                        Transport.parse(key),
                                        hello,
                                        PeerConfig.defaults(),
                                        Time.system()));
        peer.open(0, capability);
        peer.call(
                request,
                null,
                PAGE_TIMEOUT_NANOS,
                new ReplyHandler() {
                    @Override
                    public void reply(DataHeader header, ByteBuf payload) {
                        payload.release();
                        if (header.getStatus() == DataStatus.OK) {
                            future.complete(header);
                        } else {
                            future.completeExceptionally(
                                    new IOException(
                                            address
                                                    + ": "
                                                    + header.getStatus()
                                                    + " "
                                                    + header.getMessage()));
                        }
                    }

                    @Override
                    public void failed(String why) {
                        future.completeExceptionally(new IOException(why));
                    }
                });
        return future;
    }

    @Override
    public void close() {
        loop.submit(() -> peers.values().forEach(Peer::close)).awaitUninterruptibly();
        transport.close();
    }
}
