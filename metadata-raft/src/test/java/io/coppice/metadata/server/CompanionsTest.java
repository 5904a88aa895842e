package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.wire.pb.Introduction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CompanionsTest {
    private static final long HOUR = 3_600_000;

    private final AtOnceQuorum quorum = new AtOnceQuorum();
    private final List<Optional<Introduction>> others = new ArrayList<>();

    private void other(int format, long ahead) {
        others.add(
                Optional.of(
                        Introduction.newBuilder()
                                .setFormat(format)
                                .setWallMillis(System.currentTimeMillis() + ahead)
                                .build()));
    }

    private Companions asked() {
        var companions = new Companions(quorum.leadership(() -> List.copyOf(others)));
        companions.tick();
        return companions;
    }

    @Test
    void aClockAgreesWithMostOfThem() {
        assertTrue(asked().clockAgrees(), "alone");
        other(ClusterConfig.NEWEST_FORMAT, 0);
        other(1, HOUR);
        assertTrue(asked().clockAgrees(), "one of the others is wrong");
        others.clear();
        other(1, HOUR);
        other(1, HOUR);
        assertFalse(asked().clockAgrees(), "this one is wrong");
        others.clear();
        others.add(Optional.empty());
        others.add(Optional.empty());
        assertFalse(asked().clockAgrees(), "nobody knows");
    }

    private int format() {
        return quorum.read(view -> view.config().orElseThrow().format());
    }

    @Test
    void aNewFormatIsUsedWhenAllUnderstandIt() {
        quorum.registerNodes(3);
        var old = new ClusterConfig("c", 3, 2, 4, 64 << 10, false, 1_000, 0);
        quorum.apply(0, 0, new Command.InitializeCluster(old));
        other(0, 0);
        other(ClusterConfig.NEWEST_FORMAT, 0);
        asked();
        assertEquals(0, format());
        others.removeFirst();
        others.addFirst(Optional.empty());
        asked();
        assertEquals(0, format());
        others.clear();
        other(ClusterConfig.NEWEST_FORMAT, 0);
        other(ClusterConfig.NEWEST_FORMAT + 1, 0);
        asked();
        assertEquals(ClusterConfig.NEWEST_FORMAT, format());
    }
}
