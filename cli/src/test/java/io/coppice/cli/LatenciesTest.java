package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class LatenciesTest {
    @Property
    void quantilesAreCloseToThoseOfTheSortedList(
            @ForAll @Size(min = 1, max = 200) List<@LongRange(min = 0, max = 100_000_000_000L) Long> nanos) {
        Latencies latencies = new Latencies();
        nanos.forEach(latencies::record);
        List<Long> sorted = nanos.stream().sorted().toList();
        for (double ratio : new double[] {0.01, 0.5, 0.99, 1.0}) {
            long exact = sorted.get((int) Math.ceil(ratio * sorted.size()) - 1);
            long told = latencies.nanosAt(ratio);
            assertTrue(told >= exact && told <= exact * 1.04 + 1, told + " for " + exact);
        }
        assertEquals(sorted.getLast(), latencies.maxNanos());
    }
}
