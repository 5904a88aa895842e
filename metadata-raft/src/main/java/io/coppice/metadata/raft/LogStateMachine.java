package io.coppice.metadata.raft;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The core's state machine as Ratis drives it: one thread applies, in log order. Reads of others
/// take the state's lock between two entries, or a capture.
final class LogStateMachine extends BaseStateMachine {
    private static final Logger log = LoggerFactory.getLogger(LogStateMachine.class);

    /// First bytes of a snapshot: `CPM1`, then the entries with flips so far, then the core's own
    /// dump.
    private static final int SNAPSHOT_MAGIC = 0x43504d31;

    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private final RaftQuorum.Listener listener;
    private final QuorumMetrics metrics;
    private final SnapshotWriter snapshots;
    private final ReentrantLock stateLock = new ReentrantLock();
    // Under the lock; written by the apply thread, and while paused.
    private MetadataState state = new MetadataState();
    private long entriesWithFlips;

    LogStateMachine(String server, RaftQuorum.Listener listener, QuorumMetrics metrics) {
        this.listener = listener;
        this.metrics = metrics;
        this.snapshots = new SnapshotWriter(server, storage, metrics);
    }

    // ------------------------------------------------------------ for the quorum

    <T> T read(Function<MetadataView, T> reader) {
        stateLock.lock();
        try {
            return reader.apply(state.view());
        } finally {
            stateLock.unlock();
        }
    }

    MetadataCapture capture() {
        stateLock.lock();
        try {
            return state.capture();
        } finally {
            stateLock.unlock();
        }
    }

    @Nullable Outcome remembered(long session, long sequence) {
        stateLock.lock();
        try {
            return state.remembered(session, sequence);
        } finally {
            stateLock.unlock();
        }
    }

    long entriesWithFlips() {
        stateLock.lock();
        try {
            return entriesWithFlips;
        } finally {
            stateLock.unlock();
        }
    }

    // ------------------------------------------------------------ life

    @Override
    public void initialize(RaftServer server, RaftGroupId group, RaftStorage raftStorage)
            throws IOException {
        getLifeCycle().transition(LifeCycle.State.STARTING);
        super.initialize(server, group, raftStorage);
        storage.init(raftStorage);
        load();
        getLifeCycle().transition(LifeCycle.State.RUNNING);
    }

    /// Ratis is about to replace the snapshot directory.
    @Override
    public void pause() {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        snapshots.awaitIdle();
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    @Override
    public void reinitialize() throws IOException {
        getLifeCycle().transition(LifeCycle.State.STARTING);
        load();
        getLifeCycle().transition(LifeCycle.State.RUNNING);
    }

    private void load() throws IOException {
        SingleFileSnapshotInfo newest = storage.loadLatestSnapshot();
        if (newest == null) {
            return;
        }
        SnapshotFiles.read(newest, this::readFrom);
        setLastAppliedTermIndex(newest.getTermIndex());
        log.info("{} loaded its snapshot of {}", getId(), newest.getTermIndex());
    }

    private void readFrom(InputStream in) throws IOException {
        var header = new DataInputStream(in);
        if (header.readInt() != SNAPSHOT_MAGIC) {
            throw new IOException(
                    "this is no snapshot of a metadata server, or one of a newer version");
        }
        long flipEntries = header.readLong();
        MetadataState loaded = MetadataState.load(in);
        stateLock.lock();
        try {
            state = loaded;
            entriesWithFlips = flipEntries;
        } finally {
            stateLock.unlock();
        }
    }

    private static void writeTo(OutputStream out, MetadataCapture capture, long flipEntries)
            throws IOException {
        var header = new DataOutputStream(out);
        header.writeInt(SNAPSHOT_MAGIC);
        header.writeLong(flipEntries);
        header.flush();
        capture.writeTo(out);
    }

    @Override
    public void close() {
        snapshots.close();
    }

    // ------------------------------------------------------------ entries

    /// On the leader: keeps who waits for the entry beside it.
    @Override
    public TransactionContext startTransaction(RaftClientRequest request) {
        return TransactionContext.newBuilder()
                .setStateMachine(this)
                .setClientRequest(request)
                .setStateMachineContext(request.getMessage())
                .build();
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        LogEntryProto entry = transaction.getLogEntry();
        try {
            List<Outcome> outcomes =
                    apply(
                            LogDecoder.decodeEntry(
                                    entry.getStateMachineLogEntry()
                                            .getLogData()
                                            .asReadOnlyByteBuffer()));
            updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
            if (transaction.getStateMachineContext() instanceof Batch batch) {
                batch.complete(outcomes);
            }
            return CompletableFuture.completedFuture(Message.EMPTY);
        } catch (RuntimeException | Error bug) {
            // Going on would make this server's state differ from the others'.
            log.error(
                    "{} failed to apply entry {}:{}",
                    getId(),
                    entry.getTerm(),
                    entry.getIndex(),
                    bug);
            listener.failed("a log entry could not be applied: " + bug + "; restart it");
            throw bug;
        }
    }

    private List<Outcome> apply(List<Stamped> commands) {
        if (commands.isEmpty()) {
            return List.of();
        }
        var outcomes = new ArrayList<Outcome>(commands.size());
        boolean flips = false;
        var timer = metrics.apply().time();
        stateLock.lock();
        try {
            for (Stamped command : commands) {
                flips |= command.command() instanceof Command.Flip;
                outcomes.add(state.apply(command));
            }
            if (flips) {
                entriesWithFlips++;
            }
        } finally {
            stateLock.unlock();
            timer.stop();
        }
        return outcomes;
    }

    // ------------------------------------------------------------ snapshots

    /// Called on the apply thread. Starts one in the background, or tells the index of a finished
    /// one.
    @Override
    public long takeSnapshot() {
        long finished = snapshots.takeFinished();
        if (finished >= 0) {
            return finished;
        }
        if (snapshots.isIdle()) {
            TermIndex at = getLastAppliedTermIndex();
            long flipEntries = entriesWithFlips();
            MetadataCapture captured;
            try (var timed = metrics.snapshotCapture().time()) {
                captured = capture();
            }
            snapshots.start(at, captured, out -> writeTo(out, captured, flipEntries));
        }
        return RaftLog.INVALID_LOG_INDEX;
    }

    @Override
    public StateMachineStorage getStateMachineStorage() {
        return storage;
    }

    // ------------------------------------------------------------ leadership

    @Override
    public void notifyLeaderReady() {
        listener.leading();
    }

    @Override
    public void notifyNotLeader(Collection<TransactionContext> pending) {
        listener.following();
    }

    @Override
    public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
        if (leader == null || !leader.equals(member.getPeerId())) {
            listener.following();
        }
    }

    @Override
    public void notifyLogFailed(Throwable cause, LogEntryProto failedEntry) {
        listener.failed(
                "its log cannot be written ("
                        + RaftQuorum.rootCause(cause)
                        + "); make room or replace the disk, then start it again: the other metadata"
                        + " servers go on meanwhile");
    }

    @Override
    public void notifyServerShutdown(RoleInfoProto role, boolean allServers) {
        if (!allServers) {
            listener.failed(
                    "it was removed from the quorum; to use it again move its directory away, start"
                            + " it with an empty one and call 'coppice metadata add'");
        }
    }
}
