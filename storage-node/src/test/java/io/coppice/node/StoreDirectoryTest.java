package io.coppice.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.store.StoreConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreDirectoryTest {
    /// What was not synced is lost with the machine's memory, not with the process.
    @Test
    void itTellsARestartOfTheProcessFromOneOfTheMachine(@TempDir Path path) throws IOException {
        assertFalse(start(path, true), "it is new");
        assertTrue(start(path, false), "the process alone started again");
        Path file = path.resolve("STORE");
        String text = Files.readString(file);
        String otherBoot = text.replaceAll("(?m)^boot=.*$", "boot=another");
        assertEquals(1, text.lines().filter(line -> line.startsWith("boot=")).count());
        Files.writeString(file, otherBoot);
        assertFalse(start(path, false), "the machine was off");
        assertFalse(start(path, true), "and the quorum did not hear of it yet");
        assertTrue(start(path, false));
    }

    /// Whether the store is intact at the start of a process, which then registers or not.
    private static boolean start(Path path, boolean registers) throws IOException {
        try (StoreDirectory directory = StoreDirectory.lock(path, disk -> disk)) {
            directory.recover(StoreConfig.defaults());
            directory.join("test", StoreConfig.defaults());
            boolean intact = directory.isIntact();
            if (registers) {
                directory.keepBoot();
            }
            return intact;
        }
    }
}
