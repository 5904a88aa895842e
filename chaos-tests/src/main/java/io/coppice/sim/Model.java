package io.coppice.sim;

import io.coppice.check.Register;
import io.coppice.check.Violation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What users were promised, as far as they can know: volumes, their blocks' [Register]s, and the
/// cuts that snapshots and clones are. Only watches.
final class Model {
    static final int BLOCK_BYTES = 4096;

    /// A client with a lease may show for so long after a loss of power what it has read before; no
    /// group that lost something is back by then.
    private static final long REMEMBERED_NANOS = 2 * Scheduler.SECOND;

    /// A cluster sees within this time that there is space again.
    private static final long SPACE_NANOS = 5 * Scheduler.SECOND;

    /// A volume, from its creation to its deletion.
    final class Vol {
        final String name;
        Register[] blocks;
        final @Nullable Cut origin;
        private final List<Register> cutOff = new ArrayList<>();

        /// Clients let go of it.
        boolean frozen;

        Vol(String name, int blockCount, @Nullable Cut origin) {
            this.name = name;
            this.origin = origin;
            blocks = new Register[blockCount];
            for (int i = 0; i < blockCount; i++) {
                blocks[i] = new Register(name + "[" + i + "]", origin != null);
            }
        }

        /// A read that began at `start` has ended at `end` with this.
        void read(int block, long value, long start, long end) {
            long began = mayRemember(start) ? Math.min(start, lastBlackout) : start;
            read(blocks[block], block, value, began, end);
        }

        private void read(Register register, int block, long value, long start, long end) {
            register.read(value, start, end);
            boolean fromHere = value == 0 ? register.hasZeros() : register.everWrote(value);
            if (fromHere) {
                return;
            }
            if (origin != null && register.inherits()) {
                origin.saw(block, value, start);
            } else if (value != 0) {
                throw new Violation(
                        register + " reads as " + Register.show(value) + ", never written to it");
            }
        }

        /// What is cut off is gone; what is added is zeros, also where something was cut off.
        void resize(int blockCount) {
            int before = blocks.length;
            for (int i = blockCount; i < before; i++) {
                cutOff.add(blocks[i]);
            }
            blocks = Arrays.copyOf(blocks, blockCount);
            for (int i = before; i < blockCount; i++) {
                blocks[i] = new Register(name + "[" + i + "]", false);
            }
        }

        private void eachRegister(Consumer<Register> each) {
            cutOff.forEach(each);
            List.of(blocks).forEach(each);
        }

        /// A new attachment starts: whatever an earlier one had under way is decided by now.
        void attached(long now) {
            for (Register block : blocks) {
                block.fencedAt(now);
            }
        }
    }

    /// One frozen moment of a volume, between two known times.
    final class Cut {
        final String name;
        final Vol source;
        final long start;
        final long end;
        private final Register[] registers;
        private final long[] values;
        private final boolean[] known;

        /// After a power failure of everything: what was not flushed may be missing from it.
        private boolean weak;

        Cut(String name, Vol source, long start, long end) {
            this.name = name;
            this.source = source;
            this.start = start;
            this.end = end;
            registers = source.blocks;
            values = new long[registers.length];
            known = new boolean[registers.length];
            weak = start <= lastBlackout;
        }

        int size() {
            return registers.length;
        }

        /// Somebody read this in the snapshot, or in a clone that had not written there; the read
        /// began at `readStart`. One that began before the power failed may show what was lost
        /// then.
        void saw(int block, long value, long readStart) {
            if (mayRemember(readStart)) {
                return;
            }
            if (known[block]) {
                if (values[block] != value) {
                    throw new Violation(
                            name
                                    + " changed: its block "
                                    + block
                                    + " was "
                                    + Register.show(values[block])
                                    + ", and reads as "
                                    + Register.show(value));
                }
                return;
            }
            known[block] = true;
            values[block] = value;
            if (weak) {
                if (value != 0 && !registers[block].everWrote(value) && source.origin == null) {
                    throw new Violation(
                            name
                                    + ": its block "
                                    + block
                                    + " has "
                                    + Register.show(value)
                                    + ", never written to its source");
                }
            } else {
                source.read(registers[block], block, value, start, end);
            }
        }

        private void blackout() {
            weak = true;
            Arrays.fill(known, false);
        }

        /// The latest start of a write that is in it.
        private long newest() {
            long newest = Long.MIN_VALUE;
            for (int i = 0; i < values.length; i++) {
                Register.Write in = known[i] ? registers[i].writeOf(values[i]) : null;
                if (in != null) {
                    newest = Math.max(newest, in.start);
                }
            }
            return newest;
        }

        /// What was acknowledged before something that is in it began must be in it too.
        private void judge(long newest) {
            for (int i = 0; i < values.length && !weak; i++) {
                if (known[i]) {
                    Register.Write missing = registers[i].missing(values[i], newest, end);
                    if (missing != null) {
                        throw new Violation(
                                name
                                        + " is no cut: it has something that began at "
                                        + Register.at(newest)
                                        + ", but not block "
                                        + i
                                        + "'s "
                                        + Register.show(missing.value)
                                        + ", acknowledged by "
                                        + Register.at(missing.end));
                    }
                }
            }
        }
    }

    private final Map<String, Vol> volumes = new TreeMap<>();
    private final Map<String, Cut> snapshots = new TreeMap<>();
    private final List<Vol> everyVolume = new ArrayList<>();
    private final List<List<Cut>> cuts = new ArrayList<>();
    private long lastValue;
    private long lastBlackout = -1;

    /// Until when some disk was full; before the beginning: never.
    private long fullUntil = Long.MIN_VALUE;

    /// Never the same twice.
    long freshValue() {
        return ++lastValue;
    }

    Vol create(String name, int blocks, @Nullable Cut origin) {
        var volume = new Vol(name, blocks, origin);
        volumes.put(name, volume);
        everyVolume.add(volume);
        return volume;
    }

    /// Cuts of one command: one moment for all of them.
    void cut(List<Cut> together) {
        cuts.add(List.copyOf(together));
    }

    void addSnapshot(String fullName, Cut cut) {
        snapshots.put(fullName, cut);
    }

    @Nullable Vol volume(String name) {
        return volumes.get(name);
    }

    @Nullable Cut snapshot(String fullName) {
        return snapshots.get(fullName);
    }

    Collection<String> volumeNames() {
        return volumes.keySet();
    }

    Collection<String> snapshotNames() {
        return snapshots.keySet();
    }

    @Nullable Vol removeVolume(String name) {
        snapshots.keySet().removeIf(full -> full.startsWith(name + "@"));
        return volumes.remove(name);
    }

    void removeSnapshot(String fullName) {
        snapshots.remove(fullName);
    }

    /// Whether a read that began then may show what was there before the power failed.
    private boolean mayRemember(long readStart) {
        return lastBlackout >= 0 && readStart <= lastBlackout + REMEMBERED_NANOS;
    }

    /// When the power last failed everywhere; before the beginning: never.
    long lastBlackout() {
        return lastBlackout;
    }

    /// The power failed everywhere at once.
    void blackout(long now) {
        lastBlackout = now;
        for (Vol volume : everyVolume) {
            volume.eachRegister(block -> block.blackout(now));
        }
        cuts.forEach(together -> together.forEach(Cut::blackout));
    }

    /// A disk gets full, or (no disk is any more) none is.
    void fills(boolean isAny, long now) {
        if (isAny) {
            fullUntil = Long.MAX_VALUE;
        } else if (fullUntil == Long.MAX_VALUE) {
            fullUntil = now;
        }
    }

    /// A call that began at `start` was refused for want of space.
    void refusedForSpace(String call, long start) {
        if (!call.equals("write")) {
            throw new Violation("a " + call + " was refused for want of space");
        }
        if (fullUntil == Long.MIN_VALUE || start - fullUntil > SPACE_NANOS) {
            throw new Violation(
                    "a write that began at "
                            + Register.at(start)
                            + " was refused for want of space, which there was");
        }
    }

    void judge() {
        for (Vol volume : everyVolume) {
            volume.eachRegister(Register::judge);
        }
        for (List<Cut> together : cuts) {
            long newest = together.stream().mapToLong(Cut::newest).max().orElse(Long.MIN_VALUE);
            together.forEach(cut -> cut.judge(newest));
        }
    }
}
