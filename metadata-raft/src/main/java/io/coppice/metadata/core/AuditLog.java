package io.coppice.metadata.core;

import io.coppice.model.AuditHash;
import java.util.ArrayList;
import java.util.List;

/// The newest entries of the audit trail. Older ones are gone from here; the hash before the oldest
/// that is kept says what they ended with.
///
/// Nobody can wash out what was done by asking for what is refused: of each minute a few refusals
/// of a few principals are told, and then how many more there were.
final class AuditLog {
    static final int ENTRIES_MAX = 100_000;
    static final long CHARS_MAX = 32 << 20;
    static final int TEXT_CHARS_MAX = 1_024;
    static final int NAME_CHARS_MAX = 256;
    static final int REFUSALS_A_MINUTE = 20;
    static final int PRINCIPALS_A_MINUTE = 20;
    private static final long MINUTE_MILLIS = 60_000;

    /// Counts for all who come after the first few.
    private static final String OTHERS = "others";

    private static final int SHARDS = 256;

    /// By number.
    final ShardedMap<Long, AuditEntry> entries;

    /// Refusals of each principal in the minute under way.
    final ShardedMap<String, Integer> refusals;

    /// The one under way, since 1970.
    long minute;

    /// Of the next entry.
    long next = 1;

    /// Of the last entry that was dropped.
    String before = AuditHash.BEGINNING;

    /// Of the last entry.
    String head = AuditHash.BEGINNING;

    /// Of all texts that are kept.
    private long chars;

    AuditLog(CaptureGate gate) {
        // Neighbours share a shard, so an append copies one small map after a capture.
        entries = new ShardedMap<>(gate, SHARDS, number -> (int) (number >>> 9));
        refusals = new ShardedMap<>(gate, 1, String::hashCode);
    }

    private AuditLog(AuditLog live) {
        entries = live.entries.freeze();
        refusals = live.refusals.freeze();
        minute = live.minute;
        next = live.next;
        before = live.before;
        head = live.head;
        chars = live.chars;
    }

    AuditLog freeze() {
        return new AuditLog(this);
    }

    /// Something that was done, or refused.
    ///
    /// @param refusal empty: it was done
    void tell(
            long millis,
            String principal,
            String from,
            String action,
            String target,
            String detail,
            String refusal) {
        turn(millis);
        if (refusal.isEmpty() || isTold(name(principal))) {
            append(millis, principal, from, action, target, detail, refusal);
        }
    }

    void note(Command.Note note, long millis) {
        tell(
                millis,
                note.principal(),
                note.from(),
                note.action(),
                note.target(),
                note.detail(),
                note.refusal());
    }

    /// Counts a refusal.
    private boolean isTold(String principal) {
        String who =
                refusals.contains(principal) || refusals.size() < PRINCIPALS_A_MINUTE
                        ? principal
                        : OTHERS;
        Integer counted = refusals.get(who);
        int count = counted == null ? 1 : counted + 1;
        refusals.put(who, count);
        return count <= REFUSALS_A_MINUTE;
    }

    /// A minute is over: how much of it was not told.
    private void turn(long millis) {
        long now = millis / MINUTE_MILLIS;
        if (now == minute) {
            return;
        }
        for (String who : List.copyOf(refusals.keys())) {
            Integer counted = refusals.remove(who);
            int untold = counted == null ? 0 : counted - REFUSALS_A_MINUTE;
            if (untold > 0) {
                append(millis, who, "", "refuse", "", untold + " more within a minute", "not told");
            }
        }
        minute = now;
    }

    private void append(
            long millis,
            String principal,
            String from,
            String action,
            String target,
            String detail,
            String refusal) {
        var entry =
                AuditEntry.after(
                        head,
                        next,
                        millis,
                        name(principal),
                        name(from),
                        name(action),
                        bounded(target, TEXT_CHARS_MAX),
                        bounded(detail, TEXT_CHARS_MAX),
                        bounded(refusal, TEXT_CHARS_MAX));
        head = entry.hash();
        next++;
        keep(entry);
        while (entries.size() > ENTRIES_MAX || chars > CHARS_MAX) {
            dropOldest();
        }
    }

    /// Also when a snapshot of the state is loaded.
    void keep(AuditEntry entry) {
        entries.put(entry.number(), entry);
        chars += entry.chars();
    }

    private void dropOldest() {
        AuditEntry oldest = entries.remove(first());
        if (oldest != null) {
            chars -= oldest.chars();
            before = oldest.hash();
        }
    }

    private static String name(String text) {
        return bounded(text, NAME_CHARS_MAX);
    }

    private static String bounded(String text, int chars) {
        return text.length() <= chars ? text : text.substring(0, chars);
    }

    /// Number of the oldest entry that is kept; that of the next one when none is.
    long first() {
        return next - entries.size();
    }

    /// At most `limit` entries from `number` on.
    List<AuditEntry> from(long number, int limit) {
        var found = new ArrayList<AuditEntry>();
        for (long at = Math.max(number, first()); at < next && found.size() < limit; at++) {
            AuditEntry entry = entries.get(at);
            if (entry != null) {
                found.add(entry);
            }
        }
        return found;
    }
}
