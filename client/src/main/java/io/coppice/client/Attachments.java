package io.coppice.client;

import io.coppice.client.DeviceException.Reason;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.Attach;
import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Detach;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.VolumeChanged;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The volumes that this client is attached to, each with its one device. On the event loop.
final class Attachments {
    private final CoppiceClient client;
    private final ControlSession session;
    private final EventLoop loop;
    private final ClientConfig config;
    private final Map<Long, RemoteDevice> devices = new HashMap<>();

    /// For whom each of them was attached.
    private final Map<Long, String> owners = new HashMap<>();

    /// Attaches under way, by name: who asks meanwhile shares the answer.
    private final Map<String, List<CompletableFuture<BlockDevice>>> opening = new HashMap<>();

    /// Attached when nobody waited for it any more.
    private final List<Attached> unwanted = new ArrayList<>();

    Attachments(CoppiceClient client, ControlSession session, EventLoop loop, ClientConfig config) {
        this.client = client;
        this.session = session;
        this.loop = loop;
        this.config = config;
    }

    boolean isEmpty() {
        return devices.isEmpty();
    }

    /// @param owner for whom; empty: for this client. Only the first of those who share counts
    /// @param cipher of the volume as it was found; null: it is not encrypted, as far as is known
    void attach(
            String name,
            String owner,
            @Nullable BlockCipher cipher,
            CompletableFuture<BlockDevice> future) {
        if (devices.values().stream().anyMatch(device -> device.name().equals(name))) {
            shareOrAttach(name, owner, cipher, future);
        } else {
            ask(name, owner, cipher, future);
        }
    }

    /// The volume that was opened under this name may have another one by now, and the name be
    /// another volume's: only the quorum knows.
    private void shareOrAttach(
            String name,
            String owner,
            @Nullable BlockCipher cipher,
            CompletableFuture<BlockDevice> future) {
        client.waiters()
                .execute(() -> {
                    try {
                        long volume = client.find(name).getVolume();
                        loop.execute(() -> {
                            RemoteDevice device = devices.get(volume);
                            if (device != null && device.ended() == null) {
                                share(device, 1, List.of(future));
                            } else {
                                ask(name, owner, cipher, future);
                            }
                        });
                    } catch (ControlException e) {
                        future.completeExceptionally(
                                failure(name, e.code(), String.valueOf(e.getMessage())));
                    } catch (RuntimeException e) {
                        future.completeExceptionally(e);
                    }
                });
    }

    private void ask(
            String name,
            String owner,
            @Nullable BlockCipher cipher,
            CompletableFuture<BlockDevice> future) {
        loop.schedule(
                () -> timedOut(name, future),
                config.controlDeadline().toMillis(),
                TimeUnit.MILLISECONDS);
        List<CompletableFuture<BlockDevice>> others = opening.get(name);
        if (others != null) {
            others.add(future);
            return;
        }
        List<CompletableFuture<BlockDevice>> users = new ArrayList<>(List.of(future));
        opening.put(name, users);
        long sequence = session.nextSequence();
        session.call(
                attach(name, owner, cipher, sequence),
                sequence,
                answer -> attached(name, owner, cipher, users, answer));
    }

    private static ClientMessage.Builder attach(
            String name, String owner, @Nullable BlockCipher cipher, long sequence) {
        return ClientMessage.newBuilder()
                .setAttach(
                        Attach.newBuilder()
                                .setVolume(name)
                                .setSequence(sequence)
                                .setUser(owner)
                                .setEncrypts(cipher != null));
    }

    /// The request is still under way: who asks for the volume before it is answered shares it.
    /// Else its answer, or what is done with that, would be about the attachment of a later one.
    private void timedOut(String name, CompletableFuture<BlockDevice> user) {
        List<CompletableFuture<BlockDevice>> users = opening.get(name);
        if (users != null && users.remove(user)) {
            var failure =
                    new DeviceException(
                            Reason.TIMED_OUT,
                            name
                                    + ": the cluster did not attach it within "
                                    + config.controlDeadline().toSeconds()
                                    + " s ("
                                    + session.trouble()
                                    + ")");
            user.completeExceptionally(failure);
        }
    }

    private void attached(
            String name,
            String owner,
            @Nullable BlockCipher cipher,
            List<CompletableFuture<BlockDevice>> users,
            ClientDirective answer) {
        opening.remove(name, users);
        if (answer.hasFailure()) {
            Failure failure = answer.getFailure();
            users.forEach(user ->
                    user.completeExceptionally(
                            failure(name, failure.getCode(), failure.getMessage())));
        } else if (users.isEmpty()) {
            unwanted.add(answer.getAttached());
        } else if (!answer.getAttached().getDataKey().equals(keyOf(cipher))) {
            // Under this name is another volume than a moment ago.
            var failure =
                    new DeviceException(
                            Reason.NO_KEY, name + " has another key than it had: open it again");
            users.forEach(user -> user.completeExceptionally(failure));
            unwanted.add(answer.getAttached());
        } else {
            open(name, owner, cipher, users, answer.getAttached());
        }
        detachUnwanted();
    }

    /// Only when no request is under way: one may be for the same volume under another name.
    private void detachUnwanted() {
        if (!opening.isEmpty()) {
            return;
        }
        for (Attached attached : unwanted) {
            if (!devices.containsKey(attached.getVolume())) {
                long sequence = session.nextSequence();
                session.call(
                        ClientMessage.newBuilder()
                                .setDetach(
                                        Detach.newBuilder()
                                                .setVolume(attached.getVolume())
                                                .setFence(attached.getFence())
                                                .setSequence(sequence)),
                        sequence,
                        ignored -> {});
            }
        }
        unwanted.clear();
    }

    private static String keyOf(@Nullable BlockCipher cipher) {
        return cipher == null ? "" : cipher.keyId();
    }

    private void open(
            String name,
            String owner,
            @Nullable BlockCipher cipher,
            List<CompletableFuture<BlockDevice>> users,
            Attached attached) {
        RemoteDevice device = devices.get(attached.getVolume());
        if (device == null) {
            device =
                    client.newDevice(
                            new Source(
                                    name,
                                    attached.getVolume(),
                                    0,
                                    attached.getSize(),
                                    attached.getGeneration(),
                                    attached.getFence(),
                                    cipher));
            devices.put(attached.getVolume(), device);
            owners.put(attached.getVolume(), owner);
            share(device, users.size() - 1, users);
        } else {
            share(device, users.size(), users); // the same volume under its new name
        }
    }

    /// Counts all of them before the first is told: it may close at once.
    private static void share(
            RemoteDevice device, int more, List<CompletableFuture<BlockDevice>> users) {
        DeviceException refused = device.share(more);
        for (CompletableFuture<BlockDevice> user : users) {
            if (refused == null) {
                user.complete(device);
            } else {
                user.completeExceptionally(refused);
            }
        }
    }

    void changed(VolumeChanged changed) {
        RemoteDevice device = devices.get(changed.getVolume());
        if (device == null) {
            return;
        }
        if (changed.getLost()
                || (changed.getFence() != 0 && changed.getFence() != device.fence())) {
            device.lose(
                    changed.getWhy().isEmpty()
                            ? "the attachment was taken over"
                            : changed.getWhy());
        } else {
            device.volumeChanged(
                    changed.getGeneration(), changed.getSize(), changed.getMapChanged());
        }
    }

    /// The stream stands again: what was pushed meanwhile may be lost, so every attachment is asked
    /// for anew.
    void confirm() {
        for (RemoteDevice device : List.copyOf(devices.values())) {
            device.confirmed(false);
            long sequence = session.nextSequence();
            session.call(
                    attach(
                            device.name(),
                            owners.getOrDefault(device.volume(), ""),
                            device.source().cipher(),
                            sequence),
                    sequence,
                    answer -> confirmed(device, answer));
        }
    }

    private void confirmed(RemoteDevice device, ClientDirective answer) {
        if (devices.get(device.volume()) != device) {
            return;
        }
        Attached attached = answer.getAttached();
        if (answer.hasFailure()) {
            Code code = answer.getFailure().getCode();
            // Renamed meanwhile: the quorum and the nodes still know the fence, so it goes on.
            if (code != Code.CODE_NOT_FOUND) {
                device.lose(answer.getFailure().getMessage());
            }
        } else if (attached.getVolume() != device.volume()) {
            // Its name is another volume's, which nobody here asked for: as above.
            unwanted.add(attached);
            detachUnwanted();
        } else if (attached.getFence() != device.fence()) {
            device.lose("another client used the volume meanwhile");
        } else {
            // A rollback may have been missed even if its generation was met since.
            device.volumeChanged(attached.getGeneration(), attached.getSize(), true);
            device.confirmed(true);
        }
    }

    void loseAll(String why) {
        for (RemoteDevice device : List.copyOf(devices.values())) {
            device.lose(why);
        }
    }

    void forget(RemoteDevice device) {
        if (devices.remove(device.volume(), device)) {
            owners.remove(device.volume());
        }
    }

    static DeviceException failure(String name, Code code, String message) {
        Reason reason =
                switch (code) {
                    case CODE_NOT_FOUND -> Reason.NOT_FOUND;
                    case CODE_CONFLICT, CODE_EXISTS, CODE_STALE -> Reason.IN_USE;
                    case CODE_NO_SPACE -> Reason.NO_SPACE;
                    case CODE_UNAVAILABLE, CODE_NOT_LEADER -> Reason.TIMED_OUT;
                    case CODE_NOT_ALLOWED -> Reason.NOT_ALLOWED;
                    case CODE_OK, CODE_BAD_REQUEST, CODE_INTERNAL, UNRECOGNIZED -> Reason.IO_ERROR;
                };
        return new DeviceException(reason, name + ": " + message);
    }
}
