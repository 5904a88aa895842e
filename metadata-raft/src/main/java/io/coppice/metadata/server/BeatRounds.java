package io.coppice.metadata.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Which beats are answered by which log entry: one entry confirms the leadership for all beats
/// that arrived before it was proposed. At most one is under way, and they keep a distance, so that
/// idle nodes cost the log a few entries a second however many they are.
///
/// Of each sender only the newest beat waits. No clock, no thread: the caller has a lock and tells
/// the time.
final class BeatRounds<S, B> {
    private final long distanceNanos;
    private Map<S, B> waiting = new LinkedHashMap<>();
    private boolean hasBegun;
    private boolean underWay;
    private long beganNanos;

    BeatRounds(long distanceNanos) {
        this.distanceNanos = distanceNanos;
    }

    void add(S sender, B beat) {
        waiting.put(sender, beat);
    }

    /// Beats that the entry to be proposed now answers; none: not now.
    List<B> begin(long nowNanos) {
        boolean tooSoon = hasBegun && nowNanos - beganNanos < distanceNanos;
        if (underWay || tooSoon || waiting.isEmpty()) {
            return List.of();
        }
        hasBegun = true;
        underWay = true;
        beganNanos = nowNanos;
        List<B> round = List.copyOf(waiting.values());
        waiting = new LinkedHashMap<>();
        return round;
    }

    /// The entry is committed, or came to nothing.
    void end() {
        underWay = false;
    }
}
