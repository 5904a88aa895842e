package io.coppice.cli;

import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.MetadataQuorum;
import io.coppice.wire.pb.MetadataServerInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.VolumeInfo;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// A metadata server on a loopback port that knows volumes by name only, and refuses as it is told.
final class FakeQuorum extends ControlGrpc.ControlImplBase implements AutoCloseable {
    private final Server server;
    private final Map<String, VolumeInfo> volumes = new TreeMap<>();
    final List<ExecuteRequest> commands = new CopyOnWriteArrayList<>();
    volatile Code refusal = Code.CODE_OK;

    FakeQuorum() throws IOException {
        server =
                NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                        .addService(this)
                        .build()
                        .start();
    }

    String endpoint() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void execute(ExecuteRequest request, StreamObserver<ExecuteResponse> answer) {
        commands.add(request);
        ExecuteResponse.Builder response = ExecuteResponse.newBuilder().setElapsedMicros(1200);
        if (refusal != Code.CODE_OK) {
            response.setFailure(failure(refusal));
        } else {
            switch (request.getCommandCase()) {
                case CREATE_VOLUME -> create(request, response);
                case DELETE_VOLUME -> delete(request, response);
                case CREATE_CLONES ->
                        request.getCreateClones()
                                .getNamesList()
                                .forEach(name ->
                                        response.addVolumes(VolumeInfo.newBuilder().setName(name)));
                case ADD_METADATA_SERVER, REMOVE_METADATA_SERVER -> {
                    // The command itself is what a test looks at.
                }
                default -> response.setFailure(failure(Code.CODE_INTERNAL));
            }
        }
        answer.onNext(response.build());
        answer.onCompleted();
    }

    private synchronized void create(ExecuteRequest request, ExecuteResponse.Builder response) {
        String name = request.getCreateVolume().getName();
        VolumeInfo volume =
                VolumeInfo.newBuilder()
                        .setName(name)
                        .setSize(request.getCreateVolume().getSize())
                        .setState("active")
                        .build();
        if (volumes.putIfAbsent(name, volume) == null) {
            response.addVolumes(volume);
        } else {
            response.setFailure(failure(Code.CODE_EXISTS));
        }
    }

    private synchronized void delete(ExecuteRequest request, ExecuteResponse.Builder response) {
        if (volumes.remove(request.getDeleteVolume().getName()) == null) {
            response.setFailure(failure(Code.CODE_NOT_FOUND));
        }
    }

    @Override
    public synchronized void query(QueryRequest request, StreamObserver<QueryResponse> answer) {
        QueryResponse.Builder response = QueryResponse.newBuilder();
        switch (request.getQueryCase()) {
            case LIST_VOLUMES -> response.addAllVolumes(volumes.values());
            case SHOW_VOLUME -> {
                VolumeInfo volume = volumes.get(request.getShowVolume().getName());
                if (volume == null) {
                    response.setFailure(failure(Code.CODE_NOT_FOUND));
                } else {
                    response.addVolumes(volume);
                }
            }
            case LIST_METADATA_SERVERS ->
                    response.setMetadataQuorum(
                            MetadataQuorum.newBuilder()
                                    .addServers(
                                            MetadataServerInfo.newBuilder()
                                                    .setId("m1")
                                                    .setRole("leader")
                                                    .setState("up")
                                                    .setRaftAddress("127.0.0.1:1")
                                                    .setControlAddress("127.0.0.1:2")
                                                    .setCommitIndex(17)));
            case GET_STATUS ->
                    response.setStatus(
                            ClusterStatus.newBuilder()
                                    .setHealth("ok")
                                    .setLeader("127.0.0.1:1")
                                    .putGroups("healthy", 8)
                                    .setRepairBytesLeft(5)
                                    .setRepairEtaSeconds(6));
            default -> response.setFailure(failure(Code.CODE_INTERNAL));
        }
        answer.onNext(response.build());
        answer.onCompleted();
    }

    private static Failure failure(Code code) {
        return Failure.newBuilder().setCode(code).setMessage("refused: " + code).build();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
