package io.coppice.check;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Whether one order of all operations, each somewhere between its start and its end, explains what
/// they gave: the search of Wing and Gong (1993) with the memory of Lowe (2017), as Porcupine and
/// Knossos do it. Exact for any model, but for two sets of operations having the same 128-bit hash;
/// exponential in the number of operations at once, so histories are to be cut by key first.
public final class Linearizer<S, O> {
    /// What operations do to a state. States are values.
    public interface Model<S, O> {
        S first();

        /// The state afterwards; null: in this state the operation cannot have given what it gave.
        @Nullable S apply(S state, O operation);
    }

    /// Something that was done.
    ///
    /// @param end [Long#MAX_VALUE]: it may happen at any time, or never
    public record Timed<O>(O operation, long start, long end) {}

    /// In a list of calls and returns, which loses those that have been placed.
    private static final class Entry {
        final int operation;
        final boolean isCall;
        Entry partner = this;
        Entry before = this;
        Entry after = this;

        Entry(int operation, boolean isCall) {
            this.operation = operation;
            this.isCall = isCall;
        }
    }

    private record Seen(long a, long b, Object state) {}

    private record Step<S>(Entry call, S before) {}

    private final Model<S, O> model;

    public Linearizer(Model<S, O> model) {
        this.model = model;
    }

    /// The first operation, in the order of ends, that fits nowhere; null: all fit.
    public @Nullable Timed<O> misfit(List<Timed<O>> operations) {
        Entry head = entries(operations);
        int open = returns(operations);
        long[] hashes = hashes(operations.size());
        Set<Seen> seen = new HashSet<>();
        var steps = new ArrayDeque<Step<S>>();
        S state = model.first();
        long a = 0;
        long b = 0;
        int deepest = -1;
        Entry at = head.after;
        while (open > 0) {
            if (at.isCall) {
                S next = model.apply(state, operations.get(at.operation).operation());
                long nextA = a ^ hashes[2 * at.operation];
                long nextB = b ^ hashes[2 * at.operation + 1];
                if (next != null && seen.add(new Seen(nextA, nextB, next))) {
                    steps.push(new Step<>(at, state));
                    state = next;
                    a = nextA;
                    b = nextB;
                    open -= lift(at);
                    at = head.after;
                } else {
                    at = at.after;
                }
                continue;
            }
            if (later(operations, at.operation, deepest)) {
                deepest = at.operation;
            }
            if (steps.isEmpty()) {
                return operations.get(deepest);
            }
            Step<S> undone = steps.pop();
            Entry call = undone.call();
            state = undone.before();
            a ^= hashes[2 * call.operation];
            b ^= hashes[2 * call.operation + 1];
            open += unlift(call);
            at = call.after;
        }
        return null;
    }

    private static <O> boolean later(List<Timed<O>> operations, int one, int other) {
        return other < 0 || operations.get(one).end() > operations.get(other).end();
    }

    private static long[] hashes(int operations) {
        var random = new SplittableRandom(operations);
        var hashes = new long[2 * operations];
        for (int i = 0; i < hashes.length; i++) {
            hashes[i] = random.nextLong();
        }
        return hashes;
    }

    private static <O> int returns(List<Timed<O>> operations) {
        return (int) operations.stream().filter(each -> each.end() != Long.MAX_VALUE).count();
    }

    /// A ring around a head, which counts as a return that nobody waits for. Where times are equal
    /// calls come first: then more orders are allowed.
    private static <O> Entry entries(List<Timed<O>> operations) {
        record Moment(long at, Entry entry) {}
        var moments = new ArrayList<Moment>();
        for (int i = 0; i < operations.size(); i++) {
            Timed<O> each = operations.get(i);
            var call = new Entry(i, true);
            moments.add(new Moment(each.start(), call));
            if (each.end() != Long.MAX_VALUE) {
                var back = new Entry(i, false);
                call.partner = back;
                moments.add(new Moment(each.end(), back));
            }
        }
        moments.sort(
                Comparator.comparingLong(Moment::at).thenComparing(each -> !each.entry().isCall));
        var head = new Entry(-1, false);
        for (Moment moment : moments) {
            insert(head.before, moment.entry());
        }
        return head;
    }

    private static void insert(Entry where, Entry entry) {
        entry.before = where;
        entry.after = where.after;
        where.after.before = entry;
        where.after = entry;
    }

    /// @return returns that went with it
    private static int lift(Entry call) {
        remove(call);
        if (call.partner == call) {
            return 0;
        }
        remove(call.partner);
        return 1;
    }

    private static void remove(Entry entry) {
        entry.before.after = entry.after;
        entry.after.before = entry.before;
    }

    private static int unlift(Entry call) {
        if (call.partner != call) {
            putBack(call.partner);
        }
        putBack(call);
        return call.partner == call ? 0 : 1;
    }

    private static void putBack(Entry entry) {
        entry.before.after = entry;
        entry.after.before = entry;
    }
}
