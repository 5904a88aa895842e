package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.store.CrashWorld.Start;
import io.coppice.node.store.CrashWorld.Step;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/// All short histories of a store, a power loss at every step of the device, and of the writes that
/// were not synced any subset left, in whatever order the device had made them, each of them
/// possibly torn: small spaces, searched whole (after CrashMonkey, Mohan et al., OSDI 2018).
///
/// A crash inside an earlier step is one of a shorter history; so each history is cut inside its
/// last step only, and all histories together have every boundary. Where a crash may leave more
/// than a bound of states, that many are drawn, by a seed that the history gives.
///
/// `-Dcoppice.crash=all` searches all histories of the whole alphabet from every start; see
/// docs/internals/build.md.
@NullUnmarked
final class CrashStatesTest {
    private static final boolean ALL = "all".equals(System.getProperty("coppice.crash"));
    private static final EnumSet<Step> VOLUMES = EnumSet.range(Step.WRITE, Step.DELETE_CLONE);
    private static final int LOST = 0;
    private static final int WHOLE = Integer.MAX_VALUE;

    private long histories;
    private long states;
    private long lost;
    private long damaged;
    private long suspect;

    @Test
    void everyCrashStateOfEveryShortHistoryKeepsWhatWasFlushed() throws IOException {
        if (ALL) {
            for (Start start : Start.values()) {
                extend(start, EnumSet.allOf(Step.class), new ArrayList<>(), 3, 256);
            }
            extend(Start.NEAR_END, VOLUMES, new ArrayList<>(), 4, 12);
        } else {
            for (Start start : Start.values()) {
                extend(start, EnumSet.allOf(Step.class), new ArrayList<>(), 2, 6);
            }
            extend(Start.NEAR_END, VOLUMES, new ArrayList<>(), 3, 2);
        }
        System.out.println(
                histories
                        + " histories, "
                        + states
                        + " crash states: "
                        + lost
                        + " lost something, "
                        + damaged
                        + " had damaged blocks, "
                        + suspect
                        + " lost records that something valid followed");
        assertTrue(states > 5_000, () -> states + " crash states");
        assertTrue(lost > 0, "no crash lost anything that was not synced");
        assertEquals(0, damaged, "a power failure damaged a block");
        assertEquals(0, suspect, "a power failure left a hole in the log");
    }

    private void extend(
            Start start, EnumSet<Step> alphabet, List<Step> steps, int longest, int most)
            throws IOException {
        if (!steps.isEmpty()) {
            crashes(start, steps, most);
        }
        if (steps.size() < longest) {
            for (Step step : alphabet) {
                steps.addLast(step);
                extend(start, alphabet, steps, longest, most);
                steps.removeLast();
            }
        }
    }

    private void crashes(Start start, List<Step> steps, int most) throws IOException {
        histories++;
        var random = new Random(31L * start.ordinal() + steps.hashCode());
        long ticks = 0;
        for (long cut = 1; cut == 1 || cut <= ticks; cut++) {
            var world = new CrashWorld(start);
            for (Step step : steps.subList(0, steps.size() - 1)) {
                world.run(step);
            }
            long before = world.at.disk.ticks;
            world.at.disk.ticksMax = before + cut;
            try {
                world.run(steps.getLast());
            } catch (MemoryDisk.PowerLoss cutHere) {
                ticks = Math.max(ticks, cut + 1); // and once more, one step later
            }
            String where = start + " " + steps + " cut at " + cut;
            leave(world, where, random, most);
        }
    }

    /// All that one crash may leave, or `most` of it.
    private void leave(CrashWorld world, String where, Random random, int most) throws IOException {
        List<MemoryDisk.Pending> pending = world.at.disk.pending();
        long count = 1;
        for (MemoryDisk.Pending each : pending) {
            count = Math.min(Integer.MAX_VALUE, count * (each.bytes() > 1 ? 3 : 2));
        }
        boolean all = count <= most;
        for (long i = 0; i < (all ? count : most); i++) {
            Map<Long, Integer> survivors = new HashMap<>();
            long digits = i;
            for (MemoryDisk.Pending each : pending) {
                int outcomes = each.bytes() > 1 ? 3 : 2;
                int outcome = all ? (int) (digits % outcomes) : random.nextInt(outcomes);
                digits /= outcomes;
                survivors.put(each.order(), survivor(outcome, each.bytes(), random));
            }
            crash(world, where + ", survivors " + survivors, survivors);
        }
    }

    /// Torn at a sector's end or anywhere.
    private static int survivor(int outcome, int bytes, Random random) {
        return switch (outcome) {
            case 0 -> LOST;
            case 1 -> WHOLE;
            default -> {
                int torn = 1 + random.nextInt(bytes - 1);
                yield torn > 512 && random.nextBoolean() ? torn / 512 * 512 : torn;
            }
        };
    }

    private void crash(CrashWorld world, String where, Map<Long, Integer> survivors) {
        MemoryDisk disk = world.at.disk.copy();
        disk.crash(order -> survivors.getOrDefault(order, LOST));
        world.lost = false;
        world.damaged = false;
        try {
            world.verify(disk);
        } catch (IOException | RuntimeException | AssertionError e) {
            throw new AssertionError(where + ": " + e.getMessage(), e);
        }
        states++;
        lost += world.lost ? 1 : 0;
        damaged += world.damaged ? 1 : 0;
        suspect += world.suspect ? 1 : 0;
    }
}
