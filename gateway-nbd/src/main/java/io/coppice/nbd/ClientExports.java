package io.coppice.nbd;

import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.client.DeviceException;
import io.coppice.directory.ControlException;
import io.coppice.nbd.ExportException.Kind;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.OpenedSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.VolumeInfo;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;

/// The volumes and snapshots of a cluster as exports. A client library's session has one event
/// loop; volumes are spread over several sessions by name, so that they share the processors.
final class ClientExports implements Exports {
    private static final String TRASH = "trash";

    private final List<CoppiceClient> clients;
    private final List<String> allowed;
    private final ExecutorService waiters;

    /// @param allowed volumes that may be opened; empty: all
    /// @param waiters runs what waits for the metadata servers
    ClientExports(List<CoppiceClient> clients, List<String> allowed, ExecutorService waiters) {
        this.clients = List.copyOf(clients);
        this.allowed = List.copyOf(allowed);
        this.waiters = waiters;
    }

    @Override
    public CompletableFuture<List<String>> list(ClientIdentity asking) {
        var query = QueryRequest.newBuilder().setListVolumes(ListVolumes.getDefaultInstance());
        return ask(
                "the list of volumes",
                query.build(),
                response ->
                        response.getVolumesList().stream()
                                .filter(volume -> !volume.getState().equals(TRASH))
                                .map(VolumeInfo::getName)
                                .filter(name -> allowed.isEmpty() || allowed.contains(name))
                                .sorted()
                                .toList());
    }

    @Override
    public CompletableFuture<Description> describe(String name, ClientIdentity asking) {
        return look(name, found -> new Description(found.getSize(), found.getSnapshot() != 0));
    }

    @Override
    public CompletableFuture<Boolean> isStill(String name, ExportDevice device) {
        return look(name, ((ClientDevice) device)::isOf);
    }

    private <T> CompletableFuture<T> look(String name, Function<OpenedSource, T> answer) {
        String source;
        try {
            source = resolve(name);
        } catch (ExportException e) {
            return CompletableFuture.failedFuture(e);
        }
        int at = source.indexOf('@');
        var wanted = SnapshotName.newBuilder().setVolume(volume(source));
        if (at >= 0) {
            wanted.setSnapshot(source.substring(at + 1));
        }
        var query =
                QueryRequest.newBuilder().setOpenSource(OpenSource.newBuilder().setSource(wanted));
        return ask(source, query.build(), response -> answer.apply(response.getOpened()));
    }

    @Override
    public CompletableFuture<ExportDevice> open(String name, ClientIdentity asking) {
        String source;
        try {
            source = resolve(name);
        } catch (ExportException e) {
            return CompletableFuture.failedFuture(e);
        }
        var client = clients.get(Math.floorMod(volume(source).hashCode(), clients.size()));
        return client.openFor(asking.onBehalf(), source)
                .handle((device, error) -> {
                    if (error == null) {
                        return opened(device);
                    }
                    throw new CompletionException(failure(error));
                });
    }

    private static ExportDevice opened(BlockDevice device) {
        return new ClientDevice(device);
    }

    /// The source that a client means: a gateway for one volume serves it without a name too.
    private String resolve(String name) throws ExportException {
        if (name.isEmpty()) {
            if (allowed.size() == 1) {
                return allowed.getFirst();
            }
            throw new ExportException(
                    Kind.UNKNOWN, "name a volume: this gateway has no default export");
        }
        if (name.endsWith("@")) {
            throw new ExportException(Kind.UNKNOWN, "'" + name + "' names no snapshot after the @");
        }
        if (!allowed.isEmpty() && !allowed.contains(volume(name)) && !allowed.contains(name)) {
            throw new ExportException(
                    Kind.NOT_ALLOWED, "this gateway does not serve '" + volume(name) + "'");
        }
        return name;
    }

    private static String volume(String source) {
        int at = source.indexOf('@');
        return at < 0 ? source : source.substring(0, at);
    }

    private <T> CompletableFuture<T> ask(
            String what, QueryRequest query, Function<QueryResponse, T> answer) {
        var future = new CompletableFuture<T>();
        waiters.execute(() -> {
            try {
                future.complete(answer.apply(clients.getFirst().control().query(query)));
            } catch (ControlException e) {
                future.completeExceptionally(failure(what, e));
            }
        });
        return future;
    }

    private static ExportException failure(String what, ControlException e) {
        Kind kind =
                switch (e.code()) {
                    case CODE_NOT_FOUND, CODE_BAD_REQUEST -> Kind.UNKNOWN;
                    case CODE_NOT_ALLOWED -> Kind.NOT_ALLOWED;
                    default -> Kind.FAILED;
                };
        return new ExportException(kind, what + ": " + e.getMessage());
    }

    private static ExportException failure(Throwable error) {
        var cause =
                error instanceof CompletionException && error.getCause() != null
                        ? error.getCause()
                        : error;
        return new ExportException(
                cause instanceof DeviceException device ? kind(device.reason()) : Kind.FAILED,
                String.valueOf(cause.getMessage()));
    }

    static Kind kind(DeviceException.Reason reason) {
        return switch (reason) {
            case NOT_FOUND -> Kind.UNKNOWN;
            // One client at a time is a rule; "unknown" would send the user after a wrong name.
            case IN_USE, NOT_ALLOWED, NO_KEY -> Kind.NOT_ALLOWED;
            case TIMED_OUT,
                    OVERLOADED,
                    LOST,
                    NO_SPACE,
                    OUT_OF_RANGE,
                    READ_ONLY,
                    CLOSED,
                    WRITES_LOST,
                    IO_ERROR ->
                    Kind.FAILED;
        };
    }
}
