package io.coppice.metadata.server;

import io.coppice.directory.ControlTls;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.IntroduceYourself;
import io.coppice.wire.pb.Introduction;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Other metadata servers, asked about themselves.
final class Neighbours implements AutoCloseable {
    private static final long ANSWER_MILLIS = 1_000;

    private final String cluster;
    private final List<ManagedChannel> channels = new ArrayList<>();

    /// @param tls of [ControlTls#calling]
    Neighbours(String cluster, List<String> addresses, @Nullable SslContext tls) {
        this.cluster = cluster;
        for (String address : addresses) {
            channels.add(ControlTls.channel(address, tls).build());
        }
    }

    /// Of the configuration, but for this server itself.
    static Neighbours of(MetadataServerConfig config, @Nullable SslContext tls) {
        return new Neighbours(
                config.cluster(),
                config.controlPeers().entrySet().stream()
                        .filter(peer -> !peer.getKey().equals(config.id()))
                        .map(Map.Entry::getValue)
                        .toList(),
                tls);
    }

    /// Of those that answer in time. A server of another cluster is none of ours.
    List<Introduction> introduced() {
        return introduced(IntroduceYourself.getDefaultInstance());
    }

    List<Introduction> introduced(IntroduceYourself asking) {
        var request = QueryRequest.newBuilder().setIntroduceYourself(asking).build();
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
