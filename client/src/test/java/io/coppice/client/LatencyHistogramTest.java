package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class LatencyHistogramTest {
    @Property(seed = "26", tries = 300)
    void percentilesAreThreePercentOffAtMost(
            @ForAll @Size(min = 1, max = 200) List<@LongRange(min = 0, max = 1L << 50) Long> values,
            @ForAll @LongRange(min = 1, max = 100) long percent) {
        var histogram = new LatencyHistogram();
        values.forEach(histogram::record);
        long[] sorted = values.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        long exact = sorted[(int) Math.ceil(percent / 100.0 * sorted.length) - 1];
        long found = histogram.nanosAt(percent / 100.0);
        assertTrue(found >= exact && found <= exact * 1.04 + 1, found + " for " + exact);
        assertEquals(sorted[sorted.length - 1], histogram.maxNanos());
    }
}
