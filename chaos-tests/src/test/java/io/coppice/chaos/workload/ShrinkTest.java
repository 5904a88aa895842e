package io.coppice.chaos.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShrinkTest {
    @Test
    void whatIsNotNeededIsLeftOut() {
        List<Integer> all = IntStream.range(0, 1_000).boxed().toList();
        assertEquals(
                List.of(17, 640, 999),
                Shrink.smallest(all, some -> some.containsAll(List.of(17, 640, 999))));
    }
}
