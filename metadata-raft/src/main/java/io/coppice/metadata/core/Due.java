package io.coppice.metadata.core;

import org.jspecify.annotations.Nullable;

/// What happens next to a volume or a snapshot by itself, and when. Pure.
///
/// @param millis wall clock
record Due(long millis, Act act) {
    /// What happens.
    enum Act {
        /// It leaves the trash for good.
        PURGE("purge"),
        /// Its time is over: a volume goes into the trash, a snapshot goes.
        EXPIRE("expire"),
        /// Its end as unused is announced.
        WARN("warn of end"),
        /// Nobody used it: nobody can attach it any more.
        ARCHIVE("archive"),
        /// Nobody used it: it goes into the trash.
        REMOVE("remove");

        /// As it is called in the audit log.
        final String text;

        Act(String text) {
            this.text = text;
        }
    }

    /// Null: nothing will.
    static @Nullable Due of(Tables tables, Volume volume) {
        if (volume.inTrash()) {
            long retention = tables.config == null ? 0 : tables.config.trashRetentionMillis();
            return at(plus(volume.deletedMillis(), retention), Act.PURGE);
        }
        if (volume.terms().guarded()) {
            return null;
        }
        Due expiry = volume.expiresMillis() == 0 ? null : at(volume.expiresMillis(), Act.EXPIRE);
        Due idle = ofUnused(tables, volume);
        return expiry == null || (idle != null && idle.millis < expiry.millis) ? idle : expiry;
    }

    static @Nullable Due of(Snapshot snapshot) {
        return snapshot.guarded() || snapshot.expiresMillis() == 0
                ? null
                : at(snapshot.expiresMillis(), Act.EXPIRE);
    }

    /// Of a clone that nobody has attached. Whoever is warned has as long as the policy says from
    /// then on, also if the policy came late.
    private static @Nullable Due ofUnused(Tables tables, Volume volume) {
        Policy policy = tables.policyOf(volume);
        Terms terms = volume.terms();
        if (policy == null
                || policy.idleMillis() == 0
                || !volume.isClone()
                || terms.archived()
                || tables.attachments.contains(volume.id())) {
            return null;
        }
        long used = Math.max(terms.usedMillis(), tables.usedSince);
        long end = plus(used, policy.idleMillis());
        // Whoever was warned of an earlier end than the policy wants now is warned again.
        boolean warned =
                terms.warnedMillis() != 0 && plus(terms.warnedMillis(), policy.warnMillis()) >= end;
        if (!warned) {
            return at(Math.max(used, end - policy.warnMillis()), Act.WARN);
        }
        boolean archive = policy.idleEnd() == Policy.IdleEnd.ARCHIVE;
        return at(
                Math.max(end, plus(terms.warnedMillis(), policy.warnMillis())),
                archive ? Act.ARCHIVE : Act.REMOVE);
    }

    private static @Nullable Due at(long millis, Act act) {
        return millis == Long.MAX_VALUE ? null : new Due(millis, act);
    }

    /// Saturates.
    static long plus(long millis, long more) {
        long sum = millis + more;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }
}
