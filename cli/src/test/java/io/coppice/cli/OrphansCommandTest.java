package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.cli.OrphansCommand.Orphan;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.VolumeInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrphansCommandTest {
    private static LineageEntry member(long id, long parent, boolean snapshot, boolean deleted) {
        return LineageEntry.newBuilder()
                .setId(id)
                .setParent(parent)
                .setSnapshot(snapshot)
                .setDeleted(deleted)
                .build();
    }

    private static VolumeInfo.Builder clone(long id, long used) {
        return VolumeInfo.newBuilder()
                .setId(id)
                .setName("v" + id)
                .setOrigin("a@s")
                .setUsedMillis(used);
    }

    private static List<String> found(List<VolumeInfo> volumes, List<LineageEntry> lineage) {
        return OrphansCommand.find(volumes, lineage, 1_000).stream()
                .map(orphan -> orphan.volume().getName() + " " + orphan.why())
                .toList();
    }

    @Test
    void whatNobodyUsesAndNothingEndsIsAnOrphan() {
        var lineage =
                List.of(
                        member(1, 0, false, false),
                        member(2, 1, true, true),
                        member(3, 2, false, false),
                        member(4, 2, false, false),
                        member(5, 2, false, false),
                        member(6, 2, false, false));
        var volumes =
                List.of(
                        clone(1, 1).clearOrigin().build(),
                        clone(3, 999).build(),
                        clone(4, 1_001).build(),
                        clone(5, 999).setExpiresMillis(9).build(),
                        clone(6, 999).setProtected(true).build());
        assertEquals(List.of("v3 unused"), found(volumes, lineage));
    }

    @Test
    void whatCameFromSomethingThatIsGoneIsAnOrphan() {
        var lineage =
                List.of(
                        member(1, 0, false, true),
                        member(2, 1, true, true),
                        member(3, 2, false, false),
                        member(4, 3, false, false));
        var volumes = List.of(clone(3, 2_000).build(), clone(4, 2_000).build());
        assertEquals(List.of("v3 its origin is gone"), found(volumes, lineage));
        assertEquals(List.<Orphan>of(), OrphansCommand.find(List.of(), lineage, 0));
    }
}
