package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class PeerTest {
    private final List<Measurement> rows = Peer.read(Sample.PEER);

    @Test
    void rowsHaveOurNames() {
        assertEquals(
                List.of("w1 Ceph RBD", "w32 Ceph librbd", "first1 Ceph RBD", "clone Ceph RBD"),
                rows.stream().map(row -> row.row().key() + " " + row.subject()).toList());
    }

    @Test
    void figuresHaveOurNamesAndUnits() {
        Figures write = rows.getFirst().medians();
        assertEquals(500, write.get("iops", 0));
        assertEquals(3800, write.get("write.p99", 0));
        assertEquals(2, write.get("cpu.servers", 0));
        assertEquals(1500, write.get("calibration.sha", 0));
        assertEquals(34_800, rows.getLast().medians().get("clone.p50", 0));
    }

    @Test
    void spaceIsPerWriteAndReplica() {
        assertEquals(4 << 20, rows.get(2).medians().get("stored.write", 0));
    }
}
