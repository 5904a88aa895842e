package io.coppice.metadata.raft;

import io.coppice.metadata.core.Outcome;
import io.coppice.wire.pb.LogEntry;
import io.coppice.wire.pb.LoggedCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/// Commands and reads that share one log entry, and who waits for them. It travels through the
/// local Ratis server as the request's message, so on the leader the apply thread finds its waiters
/// without a lookup.
final class Batch implements Message {
    private final LogEntry.Builder entry = LogEntry.newBuilder();
    private final List<CompletableFuture<Outcome>> commands = new ArrayList<>();
    private final List<CompletableFuture<Void>> reads = new ArrayList<>();
    private int bytes;
    private ByteString content = ByteString.EMPTY;

    void add(LoggedCommand command, int commandBytes, CompletableFuture<Outcome> waiter) {
        entry.addCommands(command);
        commands.add(waiter);
        bytes += commandBytes;
    }

    void add(CompletableFuture<Void> read) {
        reads.add(read);
    }

    int commandCount() {
        return commands.size();
    }

    int readCount() {
        return reads.size();
    }

    int bytes() {
        return bytes;
    }

    /// Called once, before the entry is proposed.
    void seal() {
        content = UnsafeByteOperations.unsafeWrap(entry.build().toByteArray());
        entry.clear();
    }

    @Override
    public ByteString getContent() {
        return content;
    }

    /// The entry was applied; `outcomes` are those of its commands, in order.
    void complete(List<Outcome> outcomes) {
        for (int i = 0; i < commands.size(); i++) {
            commands.get(i).complete(outcomes.get(i));
        }
        for (CompletableFuture<Void> read : reads) {
            read.complete(null);
        }
    }

    /// What was not completed yet fails. Whether the entry will be applied is unknown.
    void fail(QuorumException why) {
        for (CompletableFuture<Outcome> command : commands) {
            command.completeExceptionally(why);
        }
        for (CompletableFuture<Void> read : reads) {
            read.completeExceptionally(why);
        }
    }
}
