package io.coppice.wire;

import io.coppice.wire.pb.AccessRefused;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// What was refused since somebody last asked: each kind of it once, with how often it happened and
/// where it came from last. So whoever tries much is told of in few lines. Thread-safe.
public final class RefusedAccess {
    /// What is of yet another kind only counts, with the newest of these.
    static final int KINDS_MAX = 16;

    /// By what was refused, without where it came from.
    private final SequencedMap<AccessRefused, AccessRefused.Builder> kinds = new LinkedHashMap<>();

    /// Something was refused, once.
    public synchronized void add(AccessRefused refused) {
        AccessRefused kind = refused.toBuilder().clearFrom().clearCount().build();
        AccessRefused.Builder known = kinds.get(kind);
        if (known != null) {
            known.setFrom(refused.getFrom()).setCount(known.getCount() + 1);
        } else if (kinds.size() < KINDS_MAX) {
            kinds.put(kind, refused.toBuilder().setCount(1));
        } else {
            AccessRefused.Builder newest = kinds.lastEntry().getValue();
            newest.setCount(newest.getCount() + 1);
        }
    }

    /// All of it, in the order of their beginnings; it is forgotten here.
    public synchronized List<AccessRefused> take() {
        List<AccessRefused> taken =
                kinds.values().stream().map(AccessRefused.Builder::build).toList();
        kinds.clear();
        return taken;
    }
}
