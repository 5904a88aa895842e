package io.coppice.node.lane;

import io.netty.util.collection.LongObjectHashMap;
import org.jspecify.annotations.Nullable;

/// The newest connection over which each client session has written on a lane (R13). A client that
/// has made a new one was told that its old one broke; what still comes over that was sent again
/// since, or given up, and must not be done any more: a newer answer may have refused it. One
/// thread.
final class NewestConnections {
    /// Sessions are remembered in two ages; the older one is forgotten when the younger has so
    /// many.
    static final int SESSIONS_MAX = 4_096;

    private static final class Newest {
        long number;
    }

    private LongObjectHashMap<Newest> young = new LongObjectHashMap<>();
    private LongObjectHashMap<Newest> old = new LongObjectHashMap<>();

    /// Whether the session has written over a connection since that was accepted later than this
    /// one.
    boolean isSuperseded(long session, long connection) {
        Newest newest = of(session);
        if (connection < newest.number) {
            return true;
        }
        newest.number = connection;
        return false;
    }

    private Newest of(long session) {
        Newest known = young.get(session);
        return known != null ? known : remember(session, old.get(session));
    }

    private Newest remember(long session, @Nullable Newest known) {
        if (young.size() >= SESSIONS_MAX) {
            old = young;
            young = new LongObjectHashMap<>();
        }
        Newest newest = known == null ? new Newest() : known;
        young.put(session, newest);
        return newest;
    }
}
