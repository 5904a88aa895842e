package io.coppice.chaos.client;

import io.coppice.chaos.history.HistoryWriter;
import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What the workers of one client process share. Thread-safe.
public final class ClientWorld implements AutoCloseable {
    /// By which door a client comes in.
    public enum Door {
        LIBRARY,
        NBD
    }

    /// Of a client of one run.
    ///
    /// @param index from 1 on, among all clients
    /// @param life how often it has been started before
    public record Identity(int index, int life, Door door, long seed) {
        public String name() {
            return "client" + index;
        }
    }

    private static final int WORKERS_MAX = 90;
    private static final int INDEX_STEP = 100;
    private static final int LIFE_STEP = 500;

    private final Identity identity;
    private final ClientConfig config;
    private final String nbd;
    private final HistoryWriter history;
    private @Nullable CoppiceClient client;
    private volatile boolean working = true;

    public ClientWorld(Identity identity, ClientConfig config, String nbd, HistoryWriter history) {
        this.identity = identity;
        this.config = config;
        this.nbd = nbd;
        this.history = history;
    }

    public Identity identity() {
        return identity;
    }

    /// The client to which a process of a history belongs.
    public static int client(int process) {
        return process % Recorder.PROCESS_STEP % LIFE_STEP / INDEX_STEP;
    }

    /// Until the harness asks for the end.
    public boolean working() {
        return working;
    }

    public void rest() {
        working = false;
    }

    /// @param worker from 0 on, each once
    public Recorder recorder(int worker) {
        if (worker >= WORKERS_MAX || identity.life() * LIFE_STEP >= Recorder.PROCESS_STEP) {
            throw new IllegalArgumentException("too many processes");
        }
        int process = identity.life() * LIFE_STEP + identity.index() * INDEX_STEP + worker;
        return new Recorder(history, process);
    }

    /// Opens a volume by this client's door.
    public Device open(String volume) throws IOException {
        return identity.door() == Door.NBD
                ? new NbdDevice(nbd, volume)
                : new LibraryDevice(library().open(volume));
    }

    /// The client library's client, made when it is first asked for.
    public synchronized CoppiceClient library() throws IOException {
        if (client == null) {
            client = CoppiceClient.connect(config);
        }
        return client;
    }

    /// A command to the quorum.
    public ExecuteResponse execute(ExecuteRequest.Builder command) throws IOException {
        try {
            return library().control().execute(command);
        } catch (ControlException refused) {
            throw new RefusedException(refused);
        }
    }

    /// A question to the quorum.
    public QueryResponse query(QueryRequest.Builder question) throws IOException {
        try {
            return library().control().query(question.build());
        } catch (ControlException refused) {
            throw new RefusedException(refused);
        }
    }

    /// Before something that cannot be done now is tried again.
    public static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException nobodyAsks) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public synchronized void close() {
        if (client != null) {
            client.close();
        }
    }
}
