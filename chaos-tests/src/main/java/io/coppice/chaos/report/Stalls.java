package io.coppice.chaos.report;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.history.Operation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How long clients had to wait: the times between the successes of each client, one after the
/// other.
final class Stalls {
    /// Between two successes of a client, nanoseconds.
    private record Gap(long from, long to) {
        long within(long start, long end) {
            return to <= start || from >= end ? 0 : to - from;
        }
    }

    private final List<Gap> gaps = new ArrayList<>();

    Stalls(List<Operation> operations) {
        Map<Integer, List<Long>> successes = new HashMap<>();
        for (Operation each : operations) {
            if (each.ok()) {
                int client = ClientWorld.client(each.process());
                successes.computeIfAbsent(client, _ -> new ArrayList<>()).add(each.end());
            }
        }
        for (List<Long> of : successes.values()) {
            long[] times = of.stream().mapToLong(Long::longValue).toArray();
            Arrays.sort(times);
            for (int i = 1; i < times.length; i++) {
                gaps.add(new Gap(times[i - 1], times[i]));
            }
        }
    }

    /// The longest that touches this time, in nanoseconds.
    long longest(long start, long end) {
        return gaps.stream().mapToLong(gap -> gap.within(start, end)).max().orElse(0);
    }
}
