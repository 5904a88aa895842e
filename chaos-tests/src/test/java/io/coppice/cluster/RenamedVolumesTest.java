package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.RenameVolume;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Names that move from one volume to another while somebody has the first one open.
@NullUnmarked
final class RenamedVolumesTest {
    @TempDir Path dir;
    private TestCluster cluster;
    private CoppiceClient client;

    @BeforeEach
    void start() throws Exception {
        cluster = TestCluster.start(dir);
        client = cluster.client("renames");
    }

    @AfterEach
    void stop() throws Exception {
        cluster.close();
    }

    private void execute(ExecuteRequest.Builder command) throws Exception {
        client.control().execute(command);
    }

    private void create(String name) throws Exception {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(CreateVolume.newBuilder().setName(name).setSize(1 << 20)));
    }

    private void rename(String name, String to) throws Exception {
        execute(
                ExecuteRequest.newBuilder()
                        .setRenameVolume(RenameVolume.newBuilder().setName(name).setNewName(to)));
    }

    private static void write(BlockDevice device, int value) throws IOException {
        device.blocking().write(0, new byte[] {(byte) value}, 0, 1);
    }

    private static int read(BlockDevice device) throws IOException {
        var data = new byte[1];
        device.blocking().read(0, data, 0, 1);
        return data[0];
    }

    @Test
    void aNameOpensTheVolumeThatHasItNow() throws Exception {
        create("disk");
        create("next");
        try (BlockDevice old = client.open("disk")) {
            write(old, 1);
            rename("disk", "kept");
            rename("next", "disk");
            try (BlockDevice disk = client.open("disk");
                    BlockDevice kept = client.open("kept")) {
                assertNotEquals(old.volume(), disk.volume());
                assertEquals(old.volume(), kept.volume());
                write(disk, 2);
                assertEquals(1, read(old));
                assertEquals(1, read(kept));
                assertEquals(2, read(disk));
            }
        }
    }
}
