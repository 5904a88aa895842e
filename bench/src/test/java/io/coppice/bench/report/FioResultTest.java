package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FioResultTest {
    @Test
    void bothDirectionsAreReadAndAdded() {
        Figures figures = FioResult.parse(Sample.FIO);
        assertEquals(1000, figures.get("iops", 0));
        assertEquals(700, figures.get("read.iops", 0));
        assertEquals(4.096, figures.get("mbs", 0), 1e-9);
        assertEquals(2000, figures.get("requests", 0));
    }

    @Test
    void latenciesAreMicroseconds() {
        Figures figures = FioResult.parse(Sample.FIO);
        assertEquals(200, figures.get("read.p50", 0));
        assertEquals(1900, figures.get("write.p99", 0));
        assertEquals(5000, figures.get("write.p999", 0));
        assertEquals(9000, figures.get("read.max", 0));
    }

    @Test
    void syncIsThereOnlyWhenThereWereAny() {
        assertTrue(FioResult.parse(Sample.FIO).get("sync.p50").isEmpty());
        String synced =
                Sample.FIO.replace(
                        "\"lat_ns\" : { \"mean\" : 0.0 }",
                        "\"lat_ns\" : { \"mean\" : 70000.0, \"percentile\" : {\"50.000000\" : 66000} }");
        assertEquals(66, FioResult.parse(synced).get("sync.p50", 0));
    }

    @Test
    void clientTimeIsThatOfTheWholeRun() {
        assertEquals(0.5, FioResult.cpuSeconds(Sample.FIO), 1e-9);
    }

    @Test
    void whatFailedIsNoResult() {
        String failed = Sample.FIO.replace("\"error\" : 0", "\"error\" : 5");
        assertThrows(IllegalArgumentException.class, () -> FioResult.parse(failed));
        assertThrows(IllegalArgumentException.class, () -> FioResult.parse("{\"jobs\": []}"));
        String idle = Sample.FIO.replaceAll("\"total_ios\" : [0-9]+", "\"total_ios\" : 0");
        assertThrows(IllegalArgumentException.class, () -> FioResult.parse(idle));
    }
}
