package io.coppice.metadata.core;

import java.util.List;

/// What happens by itself to the volumes that follow it.
///
/// @param rules when they are snapshotted, and how many of those snapshots are kept
/// @param idleMillis a clone that nobody has attached for so long ends; 0: none does
/// @param warnMillis so long before that, it is announced; 0: it is not
/// @param idleEnd how such a clone ends
/// @param ttlMaxMillis the longest life of a clone, which must have an end; 0: no matter
/// @param divergencePercent a clone of which so much is its own is told of; 0: none is
public record Policy(
        String name,
        List<Rule> rules,
        long idleMillis,
        long warnMillis,
        IdleEnd idleEnd,
        long ttlMaxMillis,
        int divergencePercent) {
    public static final int RULES_MAX = 16;

    public Policy {
        rules = List.copyOf(rules);
    }

    /// However much a clone differs from its origin.
    public Policy(
            String name,
            List<Rule> rules,
            long idleMillis,
            long warnMillis,
            IdleEnd idleEnd,
            long ttlMaxMillis) {
        this(name, rules, idleMillis, warnMillis, idleEnd, ttlMaxMillis, 0);
    }

    /// For people, the same in every version: it goes into the audit log.
    String text() {
        var text = new StringBuilder();
        for (Rule rule : rules) {
            text.append("schedule ").append(rule.name);
            text.append(" every ").append(rule.everyMillis / 1_000);
            text.append(" s from ").append(rule.offsetMillis / 1_000);
            text.append(" s keep ").append(rule.keep).append("; ");
        }
        text.append("idle ").append(idleMillis / 1_000).append(" s ");
        text.append(idleEnd == IdleEnd.ARCHIVE ? "archive" : "remove");
        text.append(", warn ").append(warnMillis / 1_000);
        text.append(" s, ttl-max ").append(ttlMaxMillis / 1_000).append(" s");
        if (divergencePercent != 0) {
            text.append(", divergence alert ").append(divergencePercent).append(" percent");
        }
        return text.toString();
    }

    /// What becomes of a clone that nobody uses.
    public enum IdleEnd {
        /// It stays as it is, and nobody can attach it until it is taken out of the archive.
        ARCHIVE,
        /// It goes into the trash.
        REMOVE
    }

    /// Snapshots at regular moments, which are the same for everybody: `offsetMillis` after 1970
    /// and every `everyMillis` from there.
    ///
    /// @param name what its snapshots' names begin with
    /// @param keep how many of them, of each volume
    public record Rule(String name, long everyMillis, long offsetMillis, int keep) {
        public static final long EVERY_MILLIS_MIN = 60_000;
        public static final int KEEP_MAX = 1_000;

        /// A snapshot's name has the moment after it.
        public static final int NAME_MAX = 64;

        /// Whether the other one is this one, but for how much it keeps.
        boolean hasMomentsOf(Rule other) {
            return name.equals(other.name)
                    && everyMillis == other.everyMillis
                    && offsetMillis == other.offsetMillis;
        }

        /// The last moment that is not after `now`.
        public long lastDue(long now) {
            return Math.floorDiv(now - offsetMillis, everyMillis) * everyMillis + offsetMillis;
        }

        /// The first moment after `now`.
        public long nextDue(long now) {
            return lastDue(now) + everyMillis;
        }
    }
}
