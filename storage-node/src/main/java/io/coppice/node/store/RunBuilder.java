package io.coppice.node.store;

import java.util.Arrays;

/// Builds a sorted list of runs from pieces that come in block order. Reused; one thread.
final class RunBuilder {
    long[] runs = new long[32];
    int count;

    RunBuilder clear() {
        count = 0;
        return this;
    }

    long[] toArray() {
        return Arrays.copyOf(runs, 2 * count);
    }

    /// Adds `length` blocks from `start` on, the first at `base`, each `distance` behind the one
    /// before.
    void add(int start, int length, long base, long distance) {
        if (length <= 0) {
            return;
        }
        if (count > 0 && join(start, length, base, distance)) {
            return;
        }
        if (2 * count + 2 > runs.length) {
            runs = Arrays.copyOf(runs, runs.length * 2);
        }
        runs[2 * count] = base;
        runs[2 * count + 1] = Table.shape(start, length, length == 1 ? 1 : distance);
        count++;
    }

    private boolean join(int start, int length, long base, long distance) {
        int last = count - 1;
        long lastBase = runs[2 * last];
        long shape = runs[2 * last + 1];
        int lastStart = (int) (shape >>> 48);
        int lastLength = (int) (shape >>> 32) & 0xffff;
        if (lastStart + lastLength != start
                || Location.segment(lastBase) != Location.segment(base)) {
            return false;
        }
        long lastDistance = shape & Table.DISTANCE_MAX;
        long step = base - (lastBase + (lastLength - 1) * lastDistance);
        boolean fits =
                step > 0
                        && step <= Table.DISTANCE_MAX
                        && (lastLength == 1 || lastDistance == step)
                        && (length == 1 || distance == step);
        if (fits) {
            runs[2 * last + 1] = Table.shape(lastStart, lastLength + length, step);
        }
        return fits;
    }

    /// Adds a block, or nothing for [Location#NONE].
    void add(int block, long location) {
        if (location != Location.NONE) {
            add(block, 1, location, 1);
        }
    }
}
