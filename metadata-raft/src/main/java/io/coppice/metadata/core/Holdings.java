package io.coppice.metadata.core;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a clone held over time: a value for each hour of the last day in which it changed, and one
/// for each day of the last month before. Pure.
///
/// @param past the oldest first
/// @param divergedMillis since when more of it is its own than its policy wants to go untold; 0: it
///   is not
record Holdings(List<Holding> past, long divergedMillis) {
    static final long HOUR_MILLIS = 3_600_000;
    static final long DAY_MILLIS = 24 * HOUR_MILLIS;
    static final int HOURS = 24;
    static final int DAYS = 30;
    static final Holdings NONE = new Holdings(List.of(), 0);

    Holdings {
        past = List.copyOf(past);
    }

    /// The newest; null: it was never counted.
    @Nullable Holding last() {
        return past.isEmpty() ? null : past.getLast();
    }

    /// Whether a count is to be kept: it differs from the last one, which is of another hour.
    boolean isNews(long mapped, long own, long now) {
        Holding last = last();
        return last == null
                || (now / HOUR_MILLIS > last.millis() / HOUR_MILLIS
                        && (last.mappedBytes() != mapped || last.ownBytes() != own));
    }

    /// With a newer count, and without what is too old or too dense by then.
    Holdings with(Holding count) {
        var kept = new ArrayList<Holding>();
        long day = Long.MIN_VALUE;
        for (Holding each : past) {
            long age = count.millis() - each.millis();
            boolean first = each.millis() / DAY_MILLIS != day;
            if (age < HOURS * HOUR_MILLIS || (age < DAYS * DAY_MILLIS && first)) {
                kept.add(each);
            }
            day = each.millis() / DAY_MILLIS;
        }
        kept.add(count);
        return new Holdings(kept, divergedMillis);
    }

    Holdings diverged(long millis) {
        return new Holdings(past, millis);
    }
}
