package io.coppice.planted;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The build runs a few of the bugs only. The others would rot unseen: code moves, and a bug that
/// fits nowhere is found out about on the day it is searched for.
class PlantedTest {
    @TestFactory
    Stream<DynamicTest> everyPlantedBugFitsItsSource() {
        Path root = root();
        return Planted.ALL.stream()
                .map(planted ->
                        DynamicTest.dynamicTest(planted.name(), () -> assertFits(planted, root)));
    }

    private static void assertFits(Planted planted, Path root) throws IOException {
        Path file = root.resolve(planted.file());
        assertTrue(Files.exists(file), () -> file + " is gone: adapt the bug to the code");
        String source = Files.readString(file);
        assertNotEquals(source, assertDoesNotThrow(() -> Graft.changed(planted, source)));
    }

    @Test
    void whatFitsNowhereOrTwiceIsRefused() throws IOException {
        var planted = new Planted("swap", "R0", "A.java", "a < b", "a > b", 0);
        assertEquals("if (a > b) {", Graft.changed(planted, "if (a < b) {"));
        var nowhere = assertThrows(IOException.class, () -> Graft.changed(planted, "a <= b"));
        assertEquals(
                "planted bug 'swap' fits A.java nowhere: adapt it to the code",
                nowhere.getMessage());
        var twice = assertThrows(IOException.class, () -> Graft.changed(planted, "a < b; a < b"));
        assertTrue(String.valueOf(twice.getMessage()).contains("more than once"));
    }

    /// `--bug` and the tests find them by name.
    @Test
    void noTwoHaveOneName() {
        var names = Planted.ALL.stream().map(Planted::name).collect(Collectors.toSet());
        assertEquals(Planted.ALL.size(), names.size());
    }

    private static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("chaos-tests")) && Files.exists(at.resolve("client"))) {
                return at;
            }
        }
        throw new IllegalStateException("no repository above");
    }
}
