package io.coppice.metadata.server;

import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.IntroduceYourself;
import io.coppice.wire.pb.Introduction;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// Other metadata servers, asked about themselves.
final class Neighbours implements AutoCloseable {
    private static final long ANSWER_MILLIS = 1_000;

    private final String cluster;
    private final List<ManagedChannel> channels = new ArrayList<>();

    Neighbours(String cluster, List<String> addresses) {
        this.cluster = cluster;
        for (String address : addresses) {
            channels.add(NettyChannelBuilder.forTarget("dns:///" + address).usePlaintext().build());
        }
    }

    /// Of the configuration, but for this server itself.
    static Neighbours of(MetadataServerConfig config) {
        return new Neighbours(
                config.cluster(),
                config.controlPeers().entrySet().stream()
                        .filter(peer -> !peer.getKey().equals(config.id()))
                        .map(Map.Entry::getValue)
                        .toList());
    }

    /// Of those that answer in time. A server of another cluster is none of ours.
    List<Introduction> introduced() {
        var request =
                QueryRequest.newBuilder()
                        .setIntroduceYourself(IntroduceYourself.getDefaultInstance())
                        .build();
        var asked = new ArrayList<Future<QueryResponse>>();
        for (ManagedChannel channel : channels) {
            // A server that starts later is not to wait for the channel's long back-off.
            channel.resetConnectBackoff();
            asked.add(
                    ControlGrpc.newFutureStub(channel)
                            .withDeadlineAfter(ANSWER_MILLIS, TimeUnit.MILLISECONDS)
                            .query(request));
        }
        var answers = new ArrayList<Introduction>();
        for (Future<QueryResponse> answer : asked) {
            try {
                QueryResponse response = answer.get();
                if (response.hasIntroduction()
                        && response.getIntroduction().getCluster().equals(cluster)) {
                    answers.add(response.getIntroduction());
                }
            } catch (ExecutionException silent) {
                continue;
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                return List.of();
            }
        }
        return answers;
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
    }
}
