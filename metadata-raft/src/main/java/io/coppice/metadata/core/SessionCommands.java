package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import io.coppice.model.ChunkId;
import io.coppice.port.Marks;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Client sessions, attachments, id leases and flips.
final class SessionCommands {
    static final int SLOTS_MAX = 65_536;
    static final int LEASE_IDS_MAX = 8_192;

    /// Leases a session may have that are not used up, for each group of the cluster.
    static final int LEASES_PER_GROUP = 4;

    static final int CLIENT_CHARS_MAX = 256;

    private final Tables tables;
    private final ChunkMaps maps;
    private final Quotas quotas;

    SessionCommands(Tables tables, ChunkMaps maps) {
        this.tables = tables;
        this.maps = maps;
        this.quotas = new Quotas(tables);
    }

    // ------------------------------------------------------------ sessions

    /// @param principal id of who opens it; 0: nobody who is authenticated
    Outcome open(Command.OpenSession command, long principal, long now) {
        if (command.session() == 0) {
            return refuse(Refusal.BAD_REQUEST, "a session's id is not 0");
        }
        if (command.client().length() > CLIENT_CHARS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "the client's name is too long");
        }
        if (!tables.sessions.contains(command.session())) {
            if (command.resume()) {
                return refuse(
                        Refusal.CONFLICT,
                        "the session has ended: its client was away for too long");
            }
            tables.sessions.put(
                    command.session(),
                    new SessionEntry(
                            command.session(),
                            command.client(),
                            now,
                            new long[0],
                            new long[0],
                            principal));
            tables.outcomes.openSession(command.session());
        }
        return new Outcome.SessionOpened(command.session());
    }

    Outcome close(Command.CloseSession command, long now) {
        SessionEntry session = tables.sessions.remove(command.session());
        if (session == null) {
            return new Outcome.SessionClosed(List.of());
        }
        var ended = new ArrayList<Long>();
        for (long id : session.volumes()) {
            Volume volume = tables.volumes.get(id);
            tables.attachments.remove(id);
            if (volume != null) {
                tables.putVolume(volume.broken(tables.used(now)));
                ended.add(id);
            }
        }
        for (long first : session.leases()) {
            Lease lease = tables.leases.remove(first);
            for (int i = 0; lease != null && i < lease.count(); i++) {
                if (!lease.isUsed(first + i)) {
                    tables.purges.add(first + i);
                }
            }
        }
        tables.outcomes.closeSession(command.session());
        return new Outcome.SessionClosed(ended);
    }

    private static Outcome.Refused noSession() {
        return refuse(Refusal.STALE, "the session is not known (any more): open a new one");
    }

    // ------------------------------------------------------------ attachments

    Outcome attach(Command.Attach command, long sessionId, long now) {
        SessionEntry session = tables.sessions.get(sessionId);
        if (session == null) {
            return noSession();
        }
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return Refusals.noVolume(command.volume());
        }
        if (volume.terms().archived()) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume " + volume.name() + " is archived: use 'volume set --unarchive' first");
        }
        Outcome.Refused refused = KeyCommands.refuseErased(volume);
        if (refused != null) {
            return refused;
        }
        Attachment holder = tables.attachments.get(volume.id());
        if (holder != null && holder.session() == sessionId) {
            // Its first answer may have been lost before the barrier of that had passed.
            return new Outcome.Attached(volume, holder, true);
        }
        if (holder != null && (command.deadSession() != holder.session())) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume "
                            + volume.name()
                            + " is attached by "
                            + holder.client()
                            + ": detach it there, or use 'attachment break'");
        }
        boolean barrier = holder != null || volume.looseFence();
        if (holder != null) {
            SessionEntry dead = tables.sessions.get(holder.session());
            if (dead != null) {
                tables.sessions.put(dead.id(), dead.withoutVolume(volume.id()));
            }
        }
        Volume attached = volume.attached(tables.giveFence(volume), tables.used(now));
        var attachment =
                new Attachment(volume.id(), sessionId, session.client(), attached.fence(), now);
        tables.attachments.put(volume.id(), attachment);
        tables.putVolume(attached);
        tables.sessions.put(sessionId, session.withVolume(volume.id()));
        return new Outcome.Attached(attached, attachment, barrier);
    }

    Outcome detach(Command.Detach command, long sessionId, long now) {
        Attachment holder = tables.attachments.get(command.volume());
        SessionEntry session = tables.sessions.get(sessionId);
        if (holder != null
                && session != null
                && holder.session() == sessionId
                && holder.fence() == command.fence()) {
            tables.attachments.remove(command.volume());
            tables.sessions.put(sessionId, session.withoutVolume(command.volume()));
            Volume volume = tables.volumes.get(command.volume());
            if (volume != null) {
                long used = tables.used(now);
                tables.putVolume(command.unsure() ? volume.broken(used) : volume.detached(used));
            }
        }
        return Outcome.Nothing.INSTANCE;
    }

    Outcome breakAttachment(Command.BreakAttachment command, VolumeCommands volumes, long now) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return Refusals.noVolume(command.volume());
        }
        if (!tables.attachments.contains(volume.id())) {
            return refuse(Refusal.NOT_FOUND, "volume " + volume.name() + " is not attached");
        }
        return new Outcome.Volumes(List.of(volumes.endAttachment(volume, now)));
    }

    // ------------------------------------------------------------ chunk ids

    Outcome lease(Command.LeaseChunkIds command, long sessionId) {
        SessionEntry session = tables.sessions.get(sessionId);
        if (session == null) {
            return noSession();
        }
        Outcome.Refused refused = refuseLease(command, session);
        if (refused != null) {
            return refused;
        }
        var ranges = new ArrayList<ChunkIdRange>();
        long[] firsts = new long[command.groups().size()];
        for (int id : command.groups()) {
            Group group = tables.groups.get(id);
            if (group == null) {
                continue;
            }
            long first = ChunkId.of(id, group.nextSequence()).value();
            firsts[ranges.size()] = first;
            ranges.add(new ChunkIdRange(id, first, command.count()));
            tables.groups.put(id, group.leased(command.count()));
            tables.leases.put(first, Lease.unused(first, command.count(), sessionId));
        }
        tables.sessions.put(sessionId, session.withLeases(firsts));
        return new Outcome.ChunkIdsLeased(ranges);
    }

    private Outcome.@Nullable Refused refuseLease(
            Command.LeaseChunkIds command, SessionEntry session) {
        if (command.count() <= 0 || command.count() > LEASE_IDS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a lease is of 1 to " + LEASE_IDS_MAX + " ids");
        }
        Set<Integer> seen = new HashSet<>();
        for (int id : command.groups()) {
            Group group = tables.groups.get(id);
            if (group == null || !seen.add(id)) {
                return refuse(Refusal.BAD_REQUEST, "no group " + id + ", or it is named twice");
            }
            if (group.nextSequence() + command.count() > ChunkId.SEQUENCE_MAX) {
                return refuse(Refusal.NO_SPACE, "group " + id + " has given out all its ids");
            }
        }
        long most = (long) LEASES_PER_GROUP * tables.groups.size();
        return session.leases().length + seen.size() > most
                ? refuse(
                        Refusal.NO_SPACE,
                        "the session has " + session.leases().length + " leases it has not used up")
                : null;
    }

    Outcome abandon(Command.AbandonChunks command, long sessionId) {
        for (long chunk : command.chunks()) {
            Lease lease = tables.leaseOf(chunk);
            if (lease != null && lease.session() == sessionId && !lease.isUsed(chunk)) {
                use(lease, chunk);
                tables.purges.add(chunk);
            }
        }
        return Outcome.Nothing.INSTANCE;
    }

    private void use(Lease lease, long chunk) {
        Lease used = lease.use(chunk);
        if (!used.isSpent()) {
            tables.leases.put(used.first(), used);
            return;
        }
        tables.leases.remove(used.first());
        SessionEntry session = tables.sessions.get(used.session());
        if (session != null) {
            tables.sessions.put(session.id(), session.withoutLease(used.first()));
        }
    }

    // ------------------------------------------------------------ flips

    Outcome flip(Command.Flip command, long sessionId) {
        Volume volume = tables.volumes.get(command.volume());
        ClusterConfig config = tables.config;
        if (volume == null || config == null || volume.inTrash()) {
            return refuse(Refusal.NOT_FOUND, "the volume is gone");
        }
        Attachment holder = tables.attachments.get(command.volume());
        if (holder == null || holder.session() != sessionId || holder.fence() != command.fence()) {
            return refuse(
                    Refusal.STALE, "volume " + volume.name() + " is not attached here any more");
        }
        if (volume.generation() != command.generation()) {
            Marks.hit("a flip was refused as stale");
            return refuse(
                    Refusal.STALE,
                    "volume "
                            + volume.name()
                            + " is in generation "
                            + volume.generation()
                            + ", not "
                            + command.generation());
        }
        Outcome.Refused refused =
                refuseSlots(
                        volume, command, sessionId, VolumeCommands.slots(volume.size(), config));
        if (refused != null) {
            return refused;
        }
        if (command.slots().stream().anyMatch(slot -> slot.newChunk() != 0)) {
            refused = quotas.refuseOwn(volume.terms().project());
            if (refused != null) {
                return refused;
            }
        }
        MapRoot root = volume.root();
        for (Command.FlipSlot slot : command.slots()) {
            Lease lease = slot.newChunk() == 0 ? null : tables.leaseOf(slot.newChunk());
            if (lease != null) {
                use(lease, slot.newChunk());
            }
            root = maps.set(root, volume.id(), volume.generation(), slot.index(), slot.newChunk());
        }
        tables.flips += command.slots().size();
        if (!root.equals(volume.root())) {
            tables.replaceVolume(volume.withRoot(root));
        }
        return Outcome.Nothing.INSTANCE;
    }

    private Outcome.@Nullable Refused refuseSlots(
            Volume volume, Command.Flip command, long sessionId, long slots) {
        List<Command.FlipSlot> all = command.slots();
        if (all.size() > SLOTS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a flip is of at most " + SLOTS_MAX + " slots");
        }
        Set<Long> seenIndexes = HashSet.newHashSet(all.size());
        Set<Long> seenChunks = HashSet.newHashSet(all.size());
        for (Command.FlipSlot slot : all) {
            if (slot.index() < 0 || slot.index() >= slots || !seenIndexes.add(slot.index())) {
                return refuse(
                        Refusal.BAD_REQUEST,
                        "slot " + slot.index() + " is outside the volume, or named twice");
            }
            long present = MapWalks.chunkAt(tables.nodes, volume.root(), slot.index());
            if (present != slot.oldChunk()) {
                return refuse(
                        Refusal.STALE, "slot " + slot.index() + " does not hold the old chunk");
            }
            if (slot.newChunk() == 0) {
                continue;
            }
            Lease lease = tables.leaseOf(slot.newChunk());
            if (lease == null
                    || lease.session() != sessionId
                    || lease.isUsed(slot.newChunk())
                    || !seenChunks.add(slot.newChunk())) {
                return refuse(
                        Refusal.BAD_REQUEST,
                        "chunk id "
                                + new ChunkId(slot.newChunk())
                                + " is not leased to the session, or was used before");
            }
        }
        return null;
    }
}
