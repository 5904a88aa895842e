package io.coppice.node;

import static io.coppice.node.StorageNodeTest.chunk;
import static io.coppice.node.StorageNodeTest.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.node.lane.Lane;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.ReplicaState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes of two stores, of which the first ones hold all groups. A loop is stuck as in a write that
/// does not return.
@NullUnmarked
final class StuckStoreTest {
    private static final int GROUP = 1;

    @TempDir Path directory;

    private final StorageNodeTest cluster = new StorageNodeTest();
    private final CountDownLatch writes = new CountDownLatch(1);

    @BeforeEach
    void start() throws IOException {
        cluster.directory = directory;
        cluster.storesPerNode = 2;
        cluster.start();
    }

    @AfterEach
    void stop() {
        writes.countDown();
        cluster.stop();
    }

    private void stick(int node, int store) {
        Lane lane =
                cluster.nodes.get(node).lanes().all().stream()
                        .filter(each -> each.storeId() == store)
                        .findFirst()
                        .orElseThrow();
        lane.execute(() -> {
            try {
                writes.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        // Its lease is to end soon.
        cluster.time.stopFor(FakeControl.LEASE_MILLIS);
    }

    @Test
    void aStuckStoreTakesOnlyItselfOutAndComesBack() {
        int primary = cluster.control.group(GROUP).getPrimary();
        String name = "node-" + primary;
        stick(primary, 100 + primary);
        eventually(
                "registered without it",
                () -> cluster.control.registration(name).getStoresCount() == 1);
        assertEquals(0, cluster.control.registration(name).getFailedStoresCount());
        eventually("all serve", cluster.control::allServe);
        assertEquals(primary, cluster.control.group(GROUP).getPrimary());
        eventually(
                "its node serves on",
                () -> cluster.writeBlock(chunk(1), 0, 1, 11, false) == DataStatus.OK);

        writes.countDown();
        eventually(
                "registered with it again",
                () -> cluster.control.registration(name).getStoresCount() == 2);
    }

    @Test
    void theGroupsOfAStuckStoreAreServedByOthers() {
        int primary = cluster.control.group(GROUP).getPrimary();
        String name = "node-" + primary;
        stick(primary, primary);
        eventually(
                "registered without it",
                () -> cluster.control.registration(name).getStoresCount() == 1);
        assertEquals(ReplicaState.REPLICA_DOWN, cluster.control.state(GROUP, primary));
        eventually(
                "others serve",
                () -> cluster.writeBlock(chunk(1), 0, 1, 11, false) == DataStatus.OK);
        writes.countDown();
        eventually(
                "it catches up and leads",
                () ->
                        cluster.control.allServe()
                                && cluster.writeBlock(chunk(1), 0, 1, 12, false) == DataStatus.OK);
    }
}
