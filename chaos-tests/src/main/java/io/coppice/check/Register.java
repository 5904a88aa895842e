package io.coppice.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What is known of one block of one volume: who wrote what when, who read what when. Judges
/// whether one order of all of it explains everything (linearizability), with the zones of Gibbons
/// and Korach (1997); every value is written once, so that is exact. Zeros come from trims and from
/// the beginning: what is read as zero is judged by its neighbours.
public final class Register {
    public static final long UNKNOWN = Long.MAX_VALUE;

    /// A write: of `value`, or of zeros when that is 0.
    public static final class Write {
        public final long value;
        public final long start;

        /// When its success was known; [#UNKNOWN]: never, it may happen at any time.
        public long end = UNKNOWN;

        /// It never happened.
        public boolean refused;

        /// No later than this if at all: its client was fenced off then.
        public long fenced = UNKNOWN;

        /// When a flush that covers it had succeeded.
        public long flushed = UNKNOWN;

        /// When the client was told that it succeeded.
        private long acknowledged = UNKNOWN;

        /// Not earlier, as far as the present era is concerned.
        private long earliest;

        /// A flush that succeeded after the power had failed covered it: it was not lost then.
        private boolean kept;

        private final Register register;

        Write(Register register, long value, long start) {
            this.register = register;
            this.earliest = start;
            this.value = value;
            this.start = start;
        }

        public long latest() {
            return Math.min(end, fenced);
        }

        @Override
        public String toString() {
            return show(value);
        }
    }

    private record Read(long value, long start, long end) {}

    private final String name;
    private final List<Write> writes = new ArrayList<>();
    private final List<Read> reads = new ArrayList<>();

    /// Of the era before.
    private List<Write> past = List.of();

    private final Set<Long> everWritten = new TreeSet<>();

    /// Values that it may have had at the start of the present era; null: the first one read.
    private @Nullable Map<Long, Long> possibleFirst;

    /// The same of the era before, for when more becomes known of what was kept.
    private @Nullable Map<Long, Long> possibleBefore;

    private boolean anyBefore;

    private long eraStart = -1;

    /// Of the era before.
    private long eraBefore = -1;

    /// Whether the beginning may be anything, as far as this register knows.
    private boolean anyFirst;

    private final boolean inherits;

    /// @param inherits it began as a copy of another block
    public Register(String name, boolean inherits) {
        this.name = name;
        this.inherits = inherits;
    }

    /// Whether it began as a copy of another block.
    public boolean inherits() {
        return inherits;
    }

    public Write write(long value, long start) {
        var write = new Write(this, value, start);
        everWritten.add(value);
        writes.add(write);
        return write;
    }

    /// A read that began before the power failed may have been answered then: it shows what was
    /// there before, which says nothing about what was left.
    public void read(long value, long start, long end) {
        if (start <= eraStart) {
            judgeSpanning(value, start);
            return;
        }
        reads.add(new Read(value, start, end));
    }

    /// The success of `write` is known. If it began before the power failed, parts of it may have
    /// succeeded then, and be lost unless success means durable, or until a flush succeeds; but it
    /// happens no more.
    public static void acknowledged(Write write, long time, boolean durable, long lastBlackout) {
        write.acknowledged = time;
        if (write.start > lastBlackout || durable) {
            write.end = time;
        } else {
            write.fenced = Math.min(write.fenced, time);
        }
        if (durable) {
            write.flushed = time;
        }
    }

    /// A flush that covers `write` has succeeded: also where the power failed since, it was not
    /// lost.
    public static void flushed(Write write, long time) {
        write.flushed = Math.min(write.flushed, time);
        write.register.keeps(write);
    }

    private void keeps(Write write) {
        if (write.end == UNKNOWN) {
            write.end = write.acknowledged;
            if (write.start > eraBefore && isLastOfThePast(write)) {
                write.earliest = Math.max(write.start, eraStart + 1);
            }
        } else if (write.end <= eraStart && past.contains(write)) {
            write.kept = true;
            findPossibleFirst();
        }
    }

    /// A read that began before the power failed may have been answered before, with what is lost
    /// since: it tells nothing of the present era, but must fit into one of both.
    private void judgeSpanning(long value, long start) {
        boolean fitsNow =
                value == 0
                        || wrote(value)
                        || possibleFirst != null && possibleFirst.containsKey(value);
        for (Write seen : fitsNow ? List.<Write>of() : past) {
            for (Write other : past) {
                if (seen.value == value
                        && !other.refused
                        && other.start > seen.latest()
                        && other.end < start) {
                    throw new Violation(
                            name
                                    + " reads as "
                                    + show(value)
                                    + " at "
                                    + at(start)
                                    + " although "
                                    + show(other.value)
                                    + " was written by "
                                    + at(other.end));
                }
            }
        }
    }

    private boolean wrote(long value) {
        return writeOf(value) != null;
    }

    public @Nullable Write writeOf(long value) {
        for (Write write : writes) {
            if (write.value == value && value != 0) {
                return write;
            }
        }
        return null;
    }

    public boolean everWrote(long value) {
        return everWritten.contains(value);
    }

    /// Whether zeros may come from a trim, or what was before the present era.
    public boolean hasZeros() {
        return everWritten.contains(0L) || eraStart >= 0;
    }

    /// An acknowledged write that must be seen by whoever sees something that began at `newest`, if
    /// `value` is seen in its place; null: there is none.
    public @Nullable Write missing(long value, long newest, long cutEnd) {
        Write seen = writeOf(value);
        long zeroed = lastZero(cutEnd);
        for (Write other : writes) {
            boolean before = other.end < newest && other.value != value && !other.refused;
            if (!before) {
                continue;
            }
            if (value == 0) {
                if (other.value != 0 && zeroed <= other.start) {
                    return other;
                }
            } else if (seen == null || seen.latest() < other.start) {
                return other;
            }
        }
        return null;
    }

    public void fencedAt(long time) {
        for (Write write : writes) {
            if (write.end == UNKNOWN && write.fenced == UNKNOWN) {
                write.fenced = time;
            }
        }
    }

    /// Then what is left of the past is this one. Else it may have been done before another one.
    private boolean isLastOfThePast(Write write) {
        return past.stream()
                .allMatch(other -> other == write || other.refused || other.latest() < write.start);
    }

    /// Everybody who was served by then lost what was not flushed: judges what was, and begins anew
    /// with what may be left.
    public void blackout(long now) {
        judge();
        possibleBefore = possibleFirst;
        anyBefore = anyFirst;
        eraBefore = eraStart;
        eraStart = now;
        past = List.copyOf(writes);
        findPossibleFirst();
        reads.clear();
        writes.removeIf(write -> write.end <= now || write.refused);
    }

    /// What the writes of the era before may have left at the start of this one.
    private void findPossibleFirst() {
        Map<Long, Long> left = new TreeMap<>();
        for (Write write : past) {
            if (!write.refused && mayBeLeft(write)) {
                left.put(write.value, write.start);
            }
        }
        // One that was under way when the era before began may have been done before that.
        boolean beginningIsLeft =
                past.stream().noneMatch(write -> wasLeft(write) && write.start > eraBefore);
        if (beginningIsLeft) {
            left.put(0L, -1L);
            if (possibleBefore != null) {
                left.putAll(possibleBefore);
            }
        }
        anyFirst = beginningIsLeft && inherits && (anyBefore || possibleBefore == null);
        possibleFirst = left;
    }

    private boolean wasLeft(Write write) {
        return write.flushed < eraStart || write.kept;
    }

    private boolean mayBeLeft(Write write) {
        return past.stream().noneMatch(other -> wasLeft(other) && other.start > write.latest());
    }

    // ------------------------------------------------------------ the judgement

    /// @throws Violation what cannot be explained
    public void judge() {
        Map<Long, Zone> zones = new HashMap<>();
        for (Write write : writes) {
            if (!write.refused && write.value != 0) {
                zones.put(write.value, new Zone(write));
            }
        }
        Zone first = null;
        for (Read read : reads) {
            if (read.value == 0) {
                judgeZero(read);
                continue;
            }
            Zone zone = zones.get(read.value);
            if (zone == null) {
                zone = inherited(read, first);
                first = zone;
                zones.put(read.value, zone);
            }
            zone.add(read, name);
        }
        judge(zones);
    }

    /// Something that was there before the first write: one value only.
    private Zone inherited(Read read, @Nullable Zone first) {
        if (first != null) {
            throw new Violation(
                    name
                            + " had both "
                            + show(first.value)
                            + " and "
                            + show(read.value)
                            + " before anything was written to it");
        }
        if (possibleFirst != null && !anyFirst && !possibleFirst.containsKey(read.value)) {
            throw new Violation(
                    name
                            + " reads as "
                            + show(read.value)
                            + " at "
                            + at(read.start)
                            + ", which a flush had replaced before the power failed, or nobody"
                            + " wrote; possible: "
                            + possibleFirst.keySet().stream().map(Register::show).toList());
        }
        return new Zone(read.value, eraStart);
    }

    private void judge(Map<Long, Zone> zones) {
        var used = new ArrayList<Zone>();
        for (Zone zone : zones.values()) {
            if (zone.read || zone.written) {
                used.add(zone);
            }
        }
        used.sort((a, b) -> Long.compare(a.low(), b.low()));
        for (int i = 0; i < used.size(); i++) {
            Zone a = used.get(i);
            for (int j = i + 1; j < used.size() && used.get(j).low() < a.high(); j++) {
                Zone b = used.get(j);
                boolean bothForward = a.isForward() && b.isForward();
                boolean inside =
                        a.isForward() && !b.isForward() && b.low() > a.low() && b.high() < a.high();
                if (bothForward || inside) {
                    throw new Violation(
                            name + ": " + a + " and " + b + " cannot be put in an order");
                }
            }
        }
        // Backward zones that begin before a forward one cannot be inside it.
    }

    /// A zero must come from a trim or the beginning, with nothing certain between.
    private void judgeZero(Read read) {
        long zeroed = lastZero(read.end);
        for (Write cover : writes) {
            boolean maybeOfThePast = cover.start <= eraStart && mayBeginWithZeros();
            if (cover.value == 0 || cover.refused || cover.end >= read.start || maybeOfThePast) {
                continue;
            }
            if (zeroed <= cover.start) {
                throw new Violation(
                        name
                                + " reads as zeros at "
                                + at(read.start)
                                + " although "
                                + show(cover.value)
                                + " was written by "
                                + at(cover.end));
            }
        }
        if (!mayBeginWithZeros()) {
            if (zeroed == Long.MIN_VALUE) {
                throw new Violation(
                        name
                                + " reads as zeros at "
                                + at(read.start)
                                + " although flushed data was there before the power failed");
            }
        }
    }

    /// When zeros that began before `end` may have been written at the latest.
    private long lastZero(long end) {
        long last = Long.MIN_VALUE;
        for (Write zero : writes) {
            if (zero.value == 0 && !zero.refused && zero.start < end) {
                last = Math.max(last, zero.latest());
            }
        }
        return last;
    }

    private boolean mayBeginWithZeros() {
        return possibleFirst == null || anyFirst || possibleFirst.containsKey(0L);
    }

    @Override
    public String toString() {
        return name;
    }

    public static String show(long value) {
        return value == 0 ? "zeros" : "value " + value;
    }

    public static String at(long nanos) {
        return nanos < 0
                ? "the beginning"
                : String.format(java.util.Locale.ROOT, "%.3f s", nanos / 1e9);
    }

    /// Where in time a value must have been there: between the first end and the last start of what
    /// concerns it.
    private static final class Zone {
        final long value;
        final long writeStart;
        private final boolean written;
        private boolean read;
        private long firstEnd;
        private long lastStart;

        Zone(Write write) {
            value = write.value;
            writeStart = write.start;
            written = write.end != UNKNOWN;
            firstEnd = write.latest();
            lastStart = write.earliest;
        }

        Zone(long value, long beginning) {
            this.value = value;
            writeStart = Long.MIN_VALUE;
            written = true;
            firstEnd = beginning;
            lastStart = Long.MIN_VALUE;
        }

        void add(Read one, String register) {
            if (one.end < writeStart) {
                throw new Violation(
                        register
                                + " reads as "
                                + show(value)
                                + " at "
                                + at(one.start)
                                + ", before that was written at "
                                + at(writeStart));
            }
            read = true;
            firstEnd = Math.min(firstEnd, one.end);
            lastStart = Math.max(lastStart, one.start);
        }

        boolean isForward() {
            return firstEnd < lastStart;
        }

        long low() {
            return Math.min(firstEnd, lastStart);
        }

        long high() {
            return Math.max(firstEnd, lastStart);
        }

        @Override
        public String toString() {
            return show(value)
                    + (isForward() ? " (there from " : " (somewhere from ")
                    + at(low())
                    + " to "
                    + at(high())
                    + ")";
        }
    }
}
