package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Planned;
import io.coppice.metadata.core.Policy;
import io.coppice.metadata.core.Stamped;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What schedules are going to do.
class SchedulesTest {
    private static final long MINUTE = 60_000;
    private final MetadataState state = new MetadataState();

    private void done(long millis, Command command) {
        Outcome outcome = state.apply(Stamped.byLeader(millis, command));
        assertEquals(true, outcome instanceof Outcome.Done, outcome.toString());
    }

    @BeforeEach
    void aVolumeThatFollowsAPolicy() {
        var store = new Command.StoreReport("s", 1L << 40, true, List.of());
        done(1, new Command.RegisterNode("n", "h:1", "h:2", 1, 1, "", "", List.of(store)));
        done(1, new Command.InitializeCluster(new ClusterConfig("c", 1, 1, 1, 1 << 22, false, 1)));
        var rule = new Policy.Rule("often", MINUTE, 0, 2);
        var policy = new Policy("p", List.of(rule), 0, 0, Policy.IdleEnd.ARCHIVE, 0);
        done(1, new Command.PutPolicy(policy));
        done(1, new Command.CreateVolume("v", 1 << 22, Map.of()));
        done(1, new Command.ChangeVolume("v", null, null, null, null, "p", null, Map.of()));
        done(1, new Command.RunDue(10));
    }

    private void cut(long minute, String name) {
        var cut = new Command.SnapshotCut("v", name, null);
        var by = new Command.Scheduled("p", "often", minute * MINUTE, Long.MAX_VALUE);
        done(minute * MINUTE, new Command.CreateSnapshots(List.of(cut), Map.of(), 0, by));
    }

    private List<String> planned(long from, long until) {
        return Schedules.planned(state.view(), from * MINUTE, until * MINUTE, 100).stream()
                .filter(each -> each.action().equals("prune snapshots"))
                .map(SchedulesTest::text)
                .toList();
    }

    private static String text(Planned planned) {
        return planned.millis() / MINUTE + " " + planned.target();
    }

    @Test
    void whatGoesForWhatIsMadeIsPlanned() {
        assertEquals(List.of(), planned(0, 2));
        cut(1, "first");
        assertEquals(List.of("3 v@first"), planned(1, 3));
        cut(2, "second");
        assertEquals(
                List.of("3 v@first", "4 v@second", "5 v@often-19700101T000300Z"), planned(2, 5));
        // It is so.
        cut(3, "third");
        assertEquals(
                List.of("second", "third"),
                state.view().snapshots(state.view().volume("v").orElseThrow().id()).stream()
                        .map(snapshot -> snapshot.name())
                        .toList());
        done(4, new Command.ChangeSnapshot("v", "second", null, true));
        assertEquals(List.of("5 v@third"), planned(3, 5));
    }
}
