package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class UsageTest {
    private static final String STAT =
            "4242 (a) odd (name) S 1 4242 4242 0 -1 4194560 100 0 0 0 123 45 6 7 20 0 30 0 999 1000 2000";

    @Test
    void ticksAreUserAndSystemWithoutChildren() {
        assertEquals(168, ProcText.cpuTicks(STAT));
    }

    @Test
    void theMachineIsBusyWhenItNeitherIdlesNorWaits() {
        String stat = "cpu  100 1 20 5000 300 2 3 4 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assertEquals(130, ProcText.busyTicks(stat));
    }

    @Test
    void fieldsAreFoundByName() {
        assertEquals(8192, ProcText.writtenBytes("rchar: 1\nwrite_bytes: 8192\n"));
        assertEquals(2048, ProcText.residentBytes("VmHWM:\t 9 kB\nVmRSS:\t       2 kB\n"));
        assertEquals(0, ProcText.field("", "none:"));
    }

    @Test
    void costsAreThoseInBetweenPerThousandRequests() {
        var before =
                new Usage(10, 5, Map.of("node1", 1.0, "client", 2.0), Map.of("node1", 100L), 1000);
        var after =
                new Usage(
                        20,
                        17,
                        Map.of("node1", 5.0, "meta1", 1.0, "client", 4.0),
                        Map.of("node1", 8292L, "meta1", 4096L),
                        9192);
        Figures figures = after.since(before, 2000, 4096);
        assertEquals(2, figures.get("cpu.node1", 0));
        assertEquals(2.5, figures.get("cpu.servers", 0));
        assertEquals(1, figures.get("cpu.client", 0));
        assertEquals(1.2, figures.get("busy.cores", 0), 1e-9);
        assertEquals(0.5, figures.get("busy.others", 0), 1e-9);
        assertEquals(3, figures.get("dirtied.servers", 0));
        assertEquals(2, figures.get("dirtied.nodes", 0));
        assertEquals(2, figures.get("amplification", 0));
    }

    @Test
    void readsHaveNoWriteAmplification() {
        var none = new Usage(0, 0, Map.of(), Map.of(), 0);
        Figures figures = new Usage(1, 0, Map.of(), Map.of(), 0).since(none, 10, 0);
        assertTrue(figures.get("dirtied.servers").isEmpty());
    }

    @Test
    void theDeviceIsFoundByTheFileSystemThatLiesOnIt() {
        String mounts =
                """
                22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
                30 22 0:25 / /tmp rw - tmpfs tmpfs rw
                31 22 254:16 / /tmp/data rw - ext4 /dev/vdb rw
                """;
        assertEquals("254:0", ProcText.device(mounts, "/home/x"));
        assertEquals("254:16", ProcText.device(mounts, "/tmp/data/y"));
        assertEquals("0:25", ProcText.device(mounts, "/tmp/database"));
    }

    @Test
    void sectorsAreHalfKibibytes() {
        assertEquals(5120, ProcText.deviceWrittenBytes("  7 0 99 1 8 0 10 3 0 4 5 0 0 0 0 0 0\n"));
    }
}
