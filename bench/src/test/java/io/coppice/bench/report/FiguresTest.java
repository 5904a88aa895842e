package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FiguresTest {
    @Test
    void mediansAreTheMiddle() {
        assertEquals(3, Figures.median(List.of(9.0, 3.0, 1.0)));
        assertEquals(4, Figures.median(List.of(9.0, 3.0, 5.0, 1.0)));
        assertTrue(Double.isNaN(Figures.median(List.of())));
    }

    @Test
    void aFigureThatSomeRunsLackIsTheMedianOfTheOthers() {
        var one = new Figures().put("a", 1).put("b", 10);
        var two = new Figures().put("a", 3);
        assertEquals(Map.of("a", 2.0, "b", 10.0), Figures.medians(List.of(one, two)).values());
    }

    @Test
    void whatIsNoNumberIsLeftOut() {
        var figures = new Figures().put("a", Double.NaN).put("b", 1 / 0.0);
        assertTrue(figures.get("a").isEmpty());
        assertTrue(figures.get("b").isEmpty());
    }

    @Test
    void prefixesSelect() {
        var figures = new Figures().put("cpu.node1", 1).put("cpuX", 2).put("cpu.node2", 3);
        assertEquals(Map.of("node1", 1.0, "node2", 3.0), figures.under("cpu."));
    }
}
