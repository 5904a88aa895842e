package io.coppice.node.ingress;

import io.coppice.model.AccessKeys;
import io.coppice.model.Capability;
import io.coppice.model.Capability.Right;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.DataHeader;
import io.netty.util.collection.LongObjectHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What one connection has shown, and what it may do by that: decided again for every frame, so
/// that what was shown ends with its time, and with its key. Lives on the connection's loop.
final class Grants {
    /// Volumes that one connection may have open.
    static final int VOLUMES_MAX = 16_384;

    /// What becomes of a frame.
    enum Ruling {
        ALLOWED(""),
        /// It changes a chunk by a tag that came with the lease of its id.
        FRESH(""),
        NOT_OPEN("the connection has shown no capability for the volume"),
        OVER("the capability for the volume is over"),
        READ_ONLY("the capability for the volume does not allow to write"),
        OTHER_FENCE("the capability for the volume is of another attachment"),
        OTHER_SESSION("the connection is of another session"),
        NO_TAG("the chunk's tag is not right: load its map page again"),
        NO_PARENT_TAG("the tag of the chunk to derive from is not right"),
        NO_INSPECTOR("the connection has shown no capability to inspect"),
        NO_REPLICA("only replicas ask for that");

        private final String why;

        Ruling(String why) {
            this.why = why;
        }

        boolean isAllowed() {
            return why.isEmpty();
        }

        String why() {
            return why;
        }
    }

    private record Grant(Capability capability, int key, long untilNanos) {}

    private record Early(
            byte[] bytes, long session, @Nullable Identity peer, long nanos, long wallMillis) {}

    private final Access access;

    /// By which what was shown is in force.
    private AccessKeys keys = AccessKeys.NONE;

    private final LongObjectHashMap<Grant> volumes = new LongObjectHashMap<>();
    private @Nullable Grant inspects;
    private @Nullable Grant replicates;

    /// The last one that was shown before this node knew the keys: a replica that has shown its
    /// pass does not show it again.
    private @Nullable Early early;

    Grants(Access access) {
        this.access = access;
    }

    /// Takes a capability; or why not.
    ///
    /// @param session as the connection's hello says
    /// @param peer whom its certificate names; null: it is plain
    @Nullable String open(
            byte[] bytes, long session, @Nullable Identity peer, long nowNanos, long wallMillis) {
        keys();
        if (!keys.isOn()) {
            early = new Early(bytes, session, peer, nowNanos, wallMillis);
            return null; // nothing is asked for, and the keys that come will know it or not
        }
        AccessKeys.Verdict verdict = keys.open(bytes, wallMillis);
        Capability shown = verdict.capability();
        if (shown == null) {
            return verdict.problem();
        }
        if (shown.session() != session) {
            return "the capability is of another session";
        }
        if (peer != null && !isFor(shown, peer)) {
            return "the capability is not for " + peer.name();
        }
        long leftMillis = shown.untilMillis() + Capability.CLOCK_MILLIS - wallMillis;
        long untilNanos = nowNanos + TimeUnit.MILLISECONDS.toNanos(leftMillis);
        var grant = new Grant(shown, verdict.key(), untilNanos);
        switch (shown.right()) {
            case READ, WRITE -> {
                if (volumes.size() >= VOLUMES_MAX && !volumes.containsKey(shown.volume())) {
                    return "a connection has at most " + VOLUMES_MAX + " volumes open";
                }
                volumes.put(shown.volume(), grant);
            }
            case INSPECT -> inspects = grant;
            case REPLICATE -> replicates = grant;
        }
        return null;
    }

    private static boolean isFor(Capability shown, Identity peer) {
        return shown.right() == Right.REPLICATE
                ? peer.kind() == Identity.Kind.SERVER
                : shown.holder().isEmpty() || shown.holder().equals(peer.name());
    }

    /// Whether the frame, of any kind but hello and open, may be handled.
    Ruling judge(DataHeader header, long session, long nowNanos) {
        keys();
        if (!keys.isOn()) {
            return Ruling.ALLOWED;
        }
        return switch (header.getKind()) {
            case READ, EXTENTS -> read(header, nowNanos);
            case WRITE, ZERO -> change(header, session, nowNanos);
            case SYNC ->
                    volumes.isEmpty() && !isGood(replicates, nowNanos)
                            ? Ruling.NOT_OPEN
                            : Ruling.ALLOWED;
            case CHUNK_STATS, FREED_BLOCKS, LIST_CHUNKS, REPAIR ->
                    isGood(inspects, nowNanos) || isGood(replicates, nowNanos)
                            ? Ruling.ALLOWED
                            : Ruling.NO_INSPECTOR;
            case REPLICATE, COMMITTED, TAIL, PULL_CHUNKS, FETCH_CHUNK, READ_REPLICA, SYNCED ->
                    isGood(replicates, nowNanos) ? Ruling.ALLOWED : Ruling.NO_REPLICA;
            case HELLO, OPEN, PURGE_OP, DATA_KIND_UNSPECIFIED, UNRECOGNIZED -> Ruling.ALLOWED;
        };
    }

    /// What was shown with a key that is gone by now goes with it.
    private void keys() {
        AccessKeys present = access.keys();
        if (present != keys) {
            keys = present;
            volumes.values().removeIf(grant -> !present.has(grant.key));
            inspects = inForce(inspects);
            replicates = inForce(replicates);
            Early shown = early;
            if (shown != null && present.isOn()) {
                early = null;
                open(shown.bytes, shown.session, shown.peer, shown.nanos, shown.wallMillis);
            }
        }
    }

    private @Nullable Grant inForce(@Nullable Grant grant) {
        return grant != null && keys.has(grant.key) ? grant : null;
    }

    private static boolean isGood(@Nullable Grant grant, long nowNanos) {
        return grant != null && nowNanos - grant.untilNanos <= 0;
    }

    /// Who has the volume attached may also read it as one that has not.
    private Ruling read(DataHeader header, long nowNanos) {
        Grant grant = volumes.get(header.getVolume());
        if (grant == null) {
            return Ruling.NOT_OPEN;
        }
        if (!isGood(grant, nowNanos)) {
            return Ruling.OVER;
        }
        long fence = header.getFence();
        if (fence != 0 && fence != grant.capability.fence()) {
            return Ruling.OTHER_FENCE;
        }
        return keys.isRead(header.getVolume(), header.getChunk(), header.getTag())
                ? Ruling.ALLOWED
                : Ruling.NO_TAG;
    }

    private Ruling change(DataHeader header, long session, long nowNanos) {
        Grant grant = volumes.get(header.getVolume());
        if (grant == null) {
            return Ruling.NOT_OPEN;
        }
        if (!isGood(grant, nowNanos)) {
            return Ruling.OVER;
        }
        if (grant.capability.right() != Right.WRITE) {
            return Ruling.READ_ONLY;
        }
        if (header.getFence() != grant.capability.fence()) {
            return Ruling.OTHER_FENCE;
        }
        return header.getSession() == session ? chunk(header, session) : Ruling.OTHER_SESSION;
    }

    private Ruling chunk(DataHeader header, long session) {
        long volume = header.getVolume();
        long chunk = header.getChunk();
        long from = header.getFromChunk();
        boolean makes = from != 0 || header.getCreate();
        if (!makes && keys.isWrite(volume, header.getGeneration(), chunk, header.getTag())) {
            return Ruling.ALLOWED;
        }
        if (!keys.isFresh(session, chunk, header.getTag())) {
            return Ruling.NO_TAG;
        }
        return from != 0 && !keys.isRead(volume, from, header.getFromTag())
                ? Ruling.NO_PARENT_TAG
                : Ruling.FRESH;
    }
}
