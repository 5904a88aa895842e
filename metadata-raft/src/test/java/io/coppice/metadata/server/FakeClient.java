package io.coppice.metadata.server;

import io.coppice.directory.ControlClient;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.wire.pb.Attach;
import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientHeartbeat;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.LeaseChunkIds;
import io.coppice.wire.pb.OpenSession;
import io.coppice.wire.pb.VolumeChanged;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A client of the control plane that writes no data.
final class FakeClient implements AutoCloseable, StreamListener<ClientMessage, ClientDirective> {
    final List<VolumeChanged> changes = new CopyOnWriteArrayList<>();
    volatile long session;
    private final String name;
    private final AtomicLong ids = new AtomicLong();
    private final AtomicLong sequences = new AtomicLong();
    private final Map<Long, CompletableFuture<ClientDirective>> waiting = new ConcurrentHashMap<>();
    private volatile @Nullable StreamSender<ClientMessage> sender;
    private volatile CompletableFuture<ClientDirective> opened = new CompletableFuture<>();
    private volatile CompletableFuture<ClientHeartbeat> beat = new CompletableFuture<>();
    private final LeaderSession stream;

    FakeClient(ControlClient control, String name) {
        this.name = name;
        this.stream = control.clientSession(this);
    }

    @Override
    public void opened(StreamSender<ClientMessage> open, String leader) {
        sender = open;
        open.send(
                ClientMessage.newBuilder()
                        .setOpen(OpenSession.newBuilder().setClient(name).setSession(session))
                        .build());
    }

    @Override
    public void received(ClientDirective directive) {
        if (directive.hasOpened()) {
            session = directive.getOpened().getSession();
            opened.complete(directive);
        } else if (directive.hasHeartbeat()) {
            beat.complete(directive.getHeartbeat());
        } else if (directive.hasChanged()) {
            changes.add(directive.getChanged());
        } else {
            var waiter = waiting.remove(directive.getId());
            if (waiter != null) {
                waiter.complete(directive);
            }
        }
    }

    @Override
    public void closed(String why) {
        forgetStream();
    }

    private void forgetStream() {
        sender = null;
        if (opened.isDone()) {
            opened = new CompletableFuture<>();
        }
    }

    ClientDirective awaitOpened() throws Exception {
        return opened.get(60, TimeUnit.SECONDS);
    }

    long nextSequence() {
        return sequences.incrementAndGet();
    }

    CompletableFuture<ClientDirective> send(ClientMessage.Builder message) {
        var answer = new CompletableFuture<ClientDirective>();
        long id = ids.incrementAndGet();
        waiting.put(id, answer);
        var to = sender;
        if (to == null) {
            throw new IllegalStateException("no stream");
        }
        to.send(message.setId(id).build());
        return answer;
    }

    ClientDirective call(ClientMessage.Builder message) throws Exception {
        return send(message).get(30, TimeUnit.SECONDS);
    }

    /// The milliseconds of lease that a beat is answered with.
    int beat() throws Exception {
        beat = new CompletableFuture<>();
        var sent = ClientHeartbeat.newBuilder().setSequence(nextSequence());
        java.util.Objects.requireNonNull(sender)
                .send(ClientMessage.newBuilder().setHeartbeat(sent).build());
        ClientHeartbeat answer = beat.get(30, TimeUnit.SECONDS);
        if (answer.getSequence() != sent.getSequence()) {
            throw new AssertionError("another beat was answered: " + answer);
        }
        return answer.getLeaseMillis();
    }

    ClientDirective tryAttach(String volume) throws Exception {
        return attach(volume, nextSequence());
    }

    ClientDirective attach(String volume, long sequence) throws Exception {
        return call(
                ClientMessage.newBuilder()
                        .setAttach(Attach.newBuilder().setVolume(volume).setSequence(sequence)));
    }

    /// As a client does: again, while a new leader does not know who is alive.
    Attached attach(String volume) throws Exception {
        ClientDirective answer = tryAttach(volume);
        while (answer.getFailure().getCode() == Code.CODE_UNAVAILABLE) {
            answer = tryAttach(volume);
        }
        if (!answer.hasAttached()) {
            throw new AssertionError("attach failed: " + answer);
        }
        return answer.getAttached();
    }

    long lease(int group, int count) throws Exception {
        var answer =
                call(
                        ClientMessage.newBuilder()
                                .setLease(
                                        LeaseChunkIds.newBuilder()
                                                .addGroups(group)
                                                .setCount(count)
                                                .setSequence(nextSequence())));
        return answer.getLeased().getRanges(0).getFirst();
    }

    CompletableFuture<ClientDirective> flip(
            Attached at, long generation, long index, long from, long to) {
        return send(
                ClientMessage.newBuilder()
                        .setFlip(
                                Flip.newBuilder()
                                        .setVolume(at.getVolume())
                                        .setGeneration(generation)
                                        .setFence(at.getFence())
                                        .setSequence(nextSequence())
                                        .addSlots(
                                                FlipSlot.newBuilder()
                                                        .setIndex(index)
                                                        .setOldChunk(from)
                                                        .setNewChunk(to))));
    }

    /// From here on nothing is sent on the old stream, and `awaitOpened` means the next one.
    void breakStream() {
        var to = sender;
        forgetStream();
        if (to != null) {
            to.abort("test");
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
