package io.coppice.wire;

import io.coppice.wire.pb.AccessRefused;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// What was refused since somebody last asked: each kind of it once, with how often it happened and
/// where it came from last. So whoever tries much is told of in few lines, and hides nobody else.
/// Thread-safe.
public final class RefusedAccess {
    /// Of one holder. What is of yet another kind only counts, with the newest of these.
    static final int KINDS_MAX = 16;

    static final int HOLDERS_MAX = 64;

    /// Who comes after so many.
    static final String OTHERS = "others";

    /// Of each holder: by what was refused, without where it came from.
    private final SequencedMap<String, SequencedMap<AccessRefused, AccessRefused.Builder>> holders =
            new LinkedHashMap<>();

    /// Something was refused, once.
    public synchronized void add(AccessRefused refused) {
        String holder = refused.getHolder();
        boolean listed = holders.containsKey(holder) || holders.size() < HOLDERS_MAX;
        String who = listed ? holder : OTHERS;
        var named = refused.toBuilder().setHolder(who).setCount(1);
        count(named, holders.computeIfAbsent(who, first -> new LinkedHashMap<>()));
    }

    private static void count(
            AccessRefused.Builder refused,
            SequencedMap<AccessRefused, AccessRefused.Builder> kinds) {
        AccessRefused kind = refused.clone().clearFrom().clearCount().build();
        AccessRefused.Builder known = kinds.get(kind);
        if (known != null) {
            known.setFrom(refused.getFrom()).setCount(known.getCount() + 1);
        } else if (kinds.size() < KINDS_MAX) {
            kinds.put(kind, refused);
        } else {
            AccessRefused.Builder newest = kinds.lastEntry().getValue();
            newest.setCount(newest.getCount() + 1);
        }
    }

    /// All of it, of one holder after the other, each in the order of their beginnings; it is
    /// forgotten here.
    public synchronized List<AccessRefused> take() {
        var taken = new ArrayList<AccessRefused>();
        holders.values().forEach(kinds -> kinds.values().forEach(it -> taken.add(it.build())));
        holders.clear();
        return taken;
    }
}
