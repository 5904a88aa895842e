package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.Stamp;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.workload.Verdict.Finding;
import io.coppice.check.Linearizer;
import io.coppice.check.Linearizer.Timed;
import io.coppice.check.Register;
import io.coppice.check.Violation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Judges blocks as registers, each by itself: by zones, which know about flushes, fences and lost
/// power; and, where no power was lost everywhere, by the search of Wing and Gong as well. Keys are
/// `VOLUME/NUMBER`. What a `zero` carries is a token for it, not a value.
final class RegisterJudge {
    private static final int FINDINGS_MAX = 10;

    /// A client may read from its memory as long as its lease lasts.
    private static final long LEASE_NANOS = TimeUnit.SECONDS.toNanos(2);

    /// A client that had a volume attached, from `opened` on.
    ///
    /// @param first thing that it did there; nothing of those before it happens after. (That it was
    ///   told that it had opened the volume may be long past.)
    private record Owner(int client, long opened, Operation first) {}

    /// Something that is told to a register when its time comes.
    private record Moment(long at, Runnable told) {}

    private final List<Long> blackouts;
    private final Map<String, String> parents;
    private final Map<String, List<Operation>> byKey = new TreeMap<>();
    private final Map<String, List<Operation>> flushes = new HashMap<>();
    private final Map<String, List<Owner>> owners = new HashMap<>();
    private final List<Finding> findings = new ArrayList<>();
    private long judged;

    /// @param operations in the order of their starts
    /// @param parents of clones: the volume that each began as a copy of
    RegisterJudge(List<Operation> operations, List<Long> blackouts, Map<String, String> parents) {
        this.blackouts = blackouts;
        this.parents = parents;
        Map<String, List<Operation>> opens = new HashMap<>();
        for (Operation operation : operations) {
            if (isOfRegister(operation) && !operation.failed()) {
                byKey.computeIfAbsent(operation.key(), _ -> new ArrayList<>()).add(operation);
                judged++;
                served(operation, opens.get(volume(operation.key())));
            } else if (operation.ok() && operation.f().equals("flush")) {
                flushes.computeIfAbsent(operation.key(), _ -> new ArrayList<>()).add(operation);
            } else if (operation.ok() && operation.f().equals("open")) {
                opens.computeIfAbsent(operation.key(), _ -> new ArrayList<>()).add(operation);
            }
        }
    }

    /// Whether this is the first thing that a client did with a volume that it had opened.
    private void served(Operation operation, @Nullable List<Operation> opens) {
        if (opens == null || !operation.ok()) {
            return;
        }
        int client = client(operation);
        for (Operation open : List.copyOf(opens)) {
            if (client(open) == client && open.end() <= operation.start()) {
                opens.remove(open);
                owners.computeIfAbsent(volume(operation.key()), _ -> new ArrayList<>())
                        .add(new Owner(client, open.end(), operation));
            }
        }
    }

    private static int client(Operation operation) {
        return ClientWorld.client(operation.process());
    }

    /// From when on a write can happen no more. [Register#UNKNOWN]: it always can.
    private long fence(Operation write) {
        Operation successor = successor(write);
        return successor == null ? Register.UNKNOWN : successor.end();
    }

    /// What was done first for another owner, or for the same client with another attachment; null:
    /// nothing was.
    private @Nullable Operation successor(Operation write) {
        List<Owner> all = owners.getOrDefault(volume(write.key()), List.of());
        Owner own =
                all.stream()
                        .filter(each ->
                                each.client() == client(write) && each.opened() <= write.start())
                        .max(Comparator.comparingLong(Owner::opened))
                        .orElse(null);
        if (own == null) {
            return null;
        }
        return all.stream()
                .filter(each -> each.opened() > own.opened())
                .map(Owner::first)
                .min(Comparator.comparingLong(Operation::end))
                .orElse(null);
    }

    Verdict judge() {
        for (var one : byKey.entrySet()) {
            Finding late = late(one.getKey(), one.getValue());
            if (late != null && findings.size() < FINDINGS_MAX) {
                findings.add(late);
                continue;
            }
            String wrong = wrong(one.getKey(), one.getValue());
            if (wrong != null && findings.size() < FINDINGS_MAX) {
                findings.add(new Finding(wrong, witnesses(one.getKey(), one.getValue())));
            }
        }
        return new Verdict(judged, findings);
    }

    private static boolean isOfRegister(Operation operation) {
        return switch (operation.f()) {
            case "read", "write", "fua", "zero" -> true;
            default -> false;
        };
    }

    private static boolean isRead(Operation operation) {
        return operation.f().equals("read");
    }

    /// What a register holds after it, or held.
    private static long value(Operation operation) {
        return operation.f().equals("zero") ? 0 : operation.value();
    }

    static String volume(String key) {
        return key.substring(0, key.lastIndexOf('/'));
    }

    /// The fewest operations of a register that are still wrong. A write goes only together with
    /// the reads that saw it, so that what is left is wrong because all was.
    private List<Operation> witnesses(String key, List<Operation> wrong) {
        boolean foreign = foreign(key, wrong) != null;
        return Shrink.smallest(
                wrong,
                fewer ->
                        isWhole(fewer, wrong)
                                && (foreign ? foreign(key, fewer) : wrong(key, fewer)) != null);
    }

    /// Whether all writes of what was read are still there that were there before.
    private static boolean isWhole(List<Operation> fewer, List<Operation> all) {
        var seen = new HashSet<Long>();
        fewer.stream().filter(RegisterJudge::isRead).forEach(each -> seen.add(each.value()));
        return writesOf(seen, fewer) == writesOf(seen, all);
    }

    private static long writesOf(Set<Long> values, List<Operation> of) {
        return of.stream().filter(each -> !isRead(each) && values.contains(value(each))).count();
    }

    /// What is wrong with the operations of one register; null: nothing.
    private @Nullable String wrong(String key, List<Operation> of) {
        String foreign = foreign(key, of);
        if (foreign != null) {
            return foreign;
        }
        try {
            register(key, of).judge();
        } catch (Violation violation) {
            return violation.getMessage();
        }
        if (!blackouts.isEmpty()) {
            return null;
        }
        Timed<Operation> misfit = new Linearizer<>(new Cell(inherits(key))).misfit(timed(of));
        return misfit == null
                ? null
                : key + ": no order of its operations explains " + misfit.operation();
    }

    /// Something written by who had the volume no longer, and acknowledged.
    private @Nullable Finding late(String key, List<Operation> of) {
        for (Operation each : of) {
            Operation successor = isRead(each) || !each.ok() ? null : successor(each);
            if (successor != null && successor.end() < each.start()) {
                String what =
                        key
                                + " took value "
                                + each.value()
                                + " from a client that it had been taken from before";
                return new Finding(what, List.of(successor, each));
            }
        }
        return null;
    }

    /// When it had surely happened, if it has: when it was acknowledged, or when its volume was
    /// another's.
    private long until(Operation each) {
        return isRead(each) || !each.ok() ? each.end() : Math.min(each.end(), fence(each));
    }

    /// A read of what nobody wrote there, nor to what it is a copy of: another volume's, or half of
    /// a block.
    private @Nullable String foreign(String key, List<Operation> of) {
        var written = new HashSet<Long>();
        of.stream()
                .filter(each -> !isRead(each) && fence(each) >= each.start())
                .forEach(each -> written.add(value(each)));
        String number = key.substring(key.lastIndexOf('/'));
        String parent = parents.get(volume(key));
        while (parent != null) {
            byKey.getOrDefault(parent + number, List.of()).stream()
                    .filter(each -> !isRead(each))
                    .forEach(each -> written.add(value(each)));
            parent = parents.get(parent);
        }
        for (Operation each : of) {
            if (isRead(each) && each.ok() && each.value() != 0 && !written.contains(each.value())) {
                return each.value() == Stamp.TORN
                        ? key + " reads as a mixture"
                        : key
                                + " reads as value "
                                + each.value()
                                + ", which nobody wrote to it who had it then";
            }
        }
        return null;
    }

    private boolean inherits(String key) {
        return parents.containsKey(volume(key));
    }

    // ------------------------------------------------------------ by search

    /// A register's value.
    ///
    /// @param inherits it begins as anything; the first read decides
    private record Cell(boolean inherits) implements Linearizer.Model<Long, Operation> {
        private static final long ANYTHING = Long.MIN_VALUE;

        @Override
        public Long first() {
            return inherits ? ANYTHING : 0L;
        }

        @Override
        public @Nullable Long apply(Long state, Operation operation) {
            long value = value(operation);
            boolean possible = !isRead(operation) || state == value || state == ANYTHING;
            return possible ? value : null;
        }
    }

    private List<Timed<Operation>> timed(List<Operation> of) {
        return of.stream()
                .filter(each -> each.ok() || !isRead(each))
                .map(each -> new Timed<>(each, each.start(), until(each)))
                .toList();
    }

    // ------------------------------------------------------------ by zones

    /// A register that knows of everything that was done to it.
    private Register register(String key, List<Operation> of) {
        var register = new Register(key, inherits(key));
        var moments = new ArrayList<Moment>();
        Map<Long, Register.Write> written = new HashMap<>();
        for (Operation each : of) {
            if (!isRead(each)) {
                moments.addAll(ofWrite(each, register, written));
            } else if (each.ok()) {
                long start = mayRemember(each.start());
                moments.add(
                        new Moment(
                                each.end(), () -> register.read(each.value(), start, each.end())));
            }
        }
        for (Operation flush : flushes.getOrDefault(volume(key), List.of())) {
            moments.add(new Moment(flush.end(), () -> flushed(flush, written)));
        }
        for (long blackout : blackouts) {
            moments.add(new Moment(blackout, () -> register.blackout(blackout)));
        }
        moments.sort(Comparator.comparingLong(Moment::at));
        moments.forEach(moment -> moment.told().run());
        return register;
    }

    /// A read soon after a blackout may be answered from the memory of who asks.
    private long mayRemember(long start) {
        long blackout = lastBlackout(start);
        return blackout >= 0 && start < blackout + LEASE_NANOS ? blackout : start;
    }

    private List<Moment> ofWrite(
            Operation each, Register register, Map<Long, Register.Write> written) {
        var moments = new ArrayList<Moment>();
        moments.add(
                new Moment(
                        each.start(),
                        () ->
                                written.put(
                                        each.value(), register.write(value(each), each.start()))));
        long fence = each.ok() ? Register.UNKNOWN : fence(each);
        if (fence != Register.UNKNOWN) {
            moments.add(
                    new Moment(
                            Math.max(fence, each.start()),
                            () -> {
                                Register.Write write = written.get(each.value());
                                if (write != null) {
                                    write.fenced = fence;
                                }
                            }));
        }
        if (each.ok()) {
            boolean durable = each.f().equals("fua");
            long end = until(each);
            long before = lastBlackout(end);
            moments.add(
                    new Moment(
                            end,
                            () -> {
                                Register.Write write = written.get(each.value());
                                if (write != null) {
                                    Register.acknowledged(write, end, durable, before);
                                }
                            }));
        }
        return moments;
    }

    private long lastBlackout(long until) {
        return blackouts.stream().filter(each -> each < until).max(Long::compare).orElse(-1L);
    }

    private static void flushed(Operation flush, Map<Long, Register.Write> written) {
        long[] covered = flush.values();
        for (int i = 0; covered != null && i < covered.length; i++) {
            Register.Write write = written.get(covered[i]);
            if (write != null) {
                Register.flushed(write, flush.end());
            }
        }
    }

    /// All registers of a volume, by key.
    Map<String, Register> registers(String volume) {
        var found = new TreeMap<String, Register>();
        byKey.forEach((key, of) -> {
            if (volume(key).equals(volume)) {
                found.put(key, register(key, of));
            }
        });
        return found;
    }
}
