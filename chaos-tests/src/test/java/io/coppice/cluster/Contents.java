package io.coppice.cluster;

import io.coppice.client.BlockDevice;
import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.client.OpenOption;
import io.coppice.wire.pb.ListGrants;
import io.coppice.wire.pb.ListMetadataServers;
import io.coppice.wire.pb.ListPrincipals;
import io.coppice.wire.pb.ListRevocations;
import io.coppice.wire.pb.ListSnapshots;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a cluster holds, as its administrator sees it: what nobody else is to change.
final class Contents implements AutoCloseable {
    private static final int CHUNKS = 4;

    /// Size of a volume.
    static final long BYTES = (long) CHUNKS * AttackedCluster.CHUNK_BYTES;

    private final AttackedCluster cluster;
    private final CoppiceClient owner;

    Contents(AttackedCluster cluster) throws IOException {
        this.cluster = cluster;
        owner =
                CoppiceClient.connect(
                        ClientConfig.defaults(cluster.endpoints(), "admin")
                                .withCredentials(cluster.admin()));
    }

    /// All that the attempts were after.
    String state() throws Exception {
        var text = new StringBuilder();
        cluster.query(Orders.query().setListVolumes(Orders.volumes()))
                .getVolumesList()
                .forEach(it ->
                        text.append(it.getName() + it.getId() + "g" + it.getGeneration() + "\n"));
        var snapshots = ListSnapshots.getDefaultInstance();
        text.append(cluster.query(Orders.query().setListSnapshots(snapshots)));
        var principals = ListPrincipals.getDefaultInstance();
        text.append(cluster.query(Orders.query().setListPrincipals(principals)));
        var grants = ListGrants.getDefaultInstance();
        text.append(cluster.query(Orders.query().setListGrants(grants)));
        var revocations = ListRevocations.getDefaultInstance();
        text.append(cluster.query(Orders.query().setListRevocations(revocations)));
        var members = ListMetadataServers.getDefaultInstance();
        cluster.query(Orders.query().setListMetadataServers(members))
                .getMetadataQuorum()
                .getServersList()
                .forEach(it -> text.append(it.getId() + "\n"));
        return text.toString();
    }

    void write(String volume, int value) throws Exception {
        try (BlockDevice device = owner.open(volume)) {
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                var done = new CompletableFuture<Void>();
                var bytes = new byte[4096];
                java.util.Arrays.fill(bytes, (byte) (value + chunk));
                ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
                long offset = (long) chunk * AttackedCluster.CHUNK_BYTES;
                device.write(offset, buffer, true, failure -> end(done, failure));
                done.get(60, TimeUnit.SECONDS);
            }
        }
    }

    List<Integer> read(String volume) throws Exception {
        List<Integer> values = new ArrayList<>();
        try (BlockDevice device = owner.open(volume, OpenOption.READ_ONLY)) {
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                var done = new CompletableFuture<Void>();
                ByteBuf buffer = Unpooled.buffer(4096, 4096);
                long offset = (long) chunk * AttackedCluster.CHUNK_BYTES;
                device.read(offset, buffer, failure -> end(done, failure));
                done.get(60, TimeUnit.SECONDS);
                values.add((int) buffer.getByte(0));
            }
        }
        return values;
    }

    private static void end(CompletableFuture<Void> done, @Nullable IOException failure) {
        if (failure == null) {
            done.complete(null);
        } else {
            done.completeExceptionally(failure);
        }
    }

    @Override
    public void close() {
        owner.close();
    }
}
