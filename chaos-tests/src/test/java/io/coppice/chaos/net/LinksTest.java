package io.coppice.chaos.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LinksTest {
    private static final int BYTES = 1_000;
    private final Links links = new Links(3, 1);
    private final long[] arrivals = new long[Links.COPIES_MAX];

    @Test
    void aGoodLinkCarriesAtOnce() {
        assertEquals(1, links.fate(0, 1, BYTES, 5, arrivals));
        assertEquals(5, arrivals[0]);
    }

    @Test
    void aCutIsOneWay() {
        links.set(0, 1, Link.CUT);
        assertEquals(0, links.fate(0, 1, BYTES, 5, arrivals));
        assertEquals(1, links.fate(1, 0, BYTES, 5, arrivals));
        links.heal();
        assertEquals(1, links.fate(0, 1, BYTES, 5, arrivals));
    }

    @Test
    void aShareIsLostAndAShareComesTwice() {
        links.set(0, 1, Link.lossy(0.2, 0.1));
        int lost = 0;
        int twice = 0;
        for (int i = 0; i < 10_000; i++) {
            int copies = links.fate(0, 1, BYTES, i, arrivals);
            lost += copies == 0 ? 1 : 0;
            twice += copies == 2 ? 1 : 0;
        }
        assertTrue(Math.abs(lost - 2_000) < 200, lost + " lost");
        assertTrue(Math.abs(twice - 800) < 150, twice + " twice");
    }

    @Test
    void slowPacketsOvertakeOneAnother() {
        links.set(0, 1, Link.slow(100, 1_000));
        boolean overtaken = false;
        long before = 0;
        for (int i = 0; i < 100; i++) {
            links.fate(0, 1, BYTES, i, arrivals);
            assertTrue(arrivals[0] >= i + 100 && arrivals[0] < i + 1_100);
            overtaken |= arrivals[0] < before;
            before = arrivals[0];
        }
        assertTrue(overtaken);
    }

    @Test
    void aNarrowLinkQueuesAndThenDrops() {
        links.set(0, 1, Link.narrow(1_000_000));
        int carried = 0;
        for (int i = 0; i < 1_000; i++) {
            carried += links.fate(0, 1, BYTES, 0, arrivals);
        }
        assertEquals(501, carried, "half a second of a megabyte a second");
        assertEquals(501_000_000, arrivals[0]);
    }
}
