package io.coppice.cli;

import static io.coppice.cli.OneCluster.dir;
import static io.coppice.cli.OneCluster.json;
import static io.coppice.cli.OneCluster.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Backups that break off in the middle, in the words of the command line.
@ExtendWith(OneCluster.class)
@Timeout(300)
class StreamsTest {
    private static final int BYTES = 6 << 20;

    private static Path image(String name, long seed) throws IOException {
        byte[] bytes = new byte[BYTES];
        new Random(seed).nextBytes(bytes);
        return Files.write(dir().resolve(name), bytes);
    }

    private static void tear(Path file, long left) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(left);
        }
    }

    private static void assertHolds(String source, Path image) throws IOException {
        Path out = dir().resolve("out");
        run(0, "export", source, out.toString());
        assertEquals(-1, Files.mismatch(image, out), source);
        Files.delete(out);
    }

    private static boolean isMarked(String volume) {
        return json("volume", "show", volume)
                .getAsJsonObject()
                .getAsJsonObject("labels")
                .has("coppice.import");
    }

    @Test
    void aBackupThatBrokeOffGoesOn() throws IOException {
        Path image = image("whole", 1);
        run(0, "import", image.toString(), "whole");
        run(0, "snapshot", "create", "whole@mon");
        Path stream = dir().resolve("whole.stream");
        String file = stream.toString();
        run(2, "export", "whole@mon", file, "--resume");
        run(2, "export", "whole", file, "--stream", "--resume");
        run(2, "export", "whole@mon", "-", "--stream", "--resume");
        run(0, "export", "whole@mon", file, "--stream", "--resume");
        long length = Files.size(stream);
        tear(stream, length / 2);
        run(1, "import", file, "copy");
        run(4, "volume", "show", "copy");
        run(0, "snapshot", "create", "whole@tue");
        run(5, "export", "whole@tue", file, "--stream", "--resume");
        assertEquals(length / 2, Files.size(stream));
        Path kept = dir().resolve("half.stream");
        Files.copy(stream, kept, StandardCopyOption.REPLACE_EXISTING);
        run(0, "export", "whole@mon", file, "--stream", "--resume");
        run(0, "export", "whole@mon", file, "--stream", "--resume");

        assertTrue(run(1, "import", kept.toString(), "copy", "--resume").contains("--resume"));
        assertTrue(isMarked("copy"));
        String other = run(5, "import", file, "copy", "--resume", "--encrypt", "k");
        assertTrue(other.contains("copy is not encrypted"), other);
        run(5, "import", file, "copy");
        run(0, "import", file, "copy", "--resume", "--label", "a=b");
        assertFalse(isMarked("copy"));
        assertHolds("copy", image);
        run(5, "import", file, "copy", "--resume");
        run(2, "import", file, "other", "--from", "whole@mon");
        run(2, "import", image.toString(), "other", "--resume");
        run(0, "volume", "rm", "whole", "copy", "--now");
    }

    @Test
    void aBrokenDifferenceChangesNothing() throws IOException {
        Path old = image("old", 2);
        run(0, "import", old.toString(), "live");
        run(0, "snapshot", "create", "live@1");
        run(0, "clone", "live@1", "next");
        run(0, "bench", "next", "--rw", "randwrite", "--time", "100ms", "--size", "4M");
        run(0, "snapshot", "create", "next@2");
        Path difference = dir().resolve("next.diff");
        String file = difference.toString();
        run(0, "export", "next@2", file, "--from", "live@1");
        Path whole = dir().resolve("whole.diff");
        Files.copy(difference, whole, StandardCopyOption.REPLACE_EXISTING);
        tear(difference, Files.size(difference) - 1);
        run(1, "import", file, "live", "--from", "live@1");
        assertHolds("live", old);
        assertEquals(0, json("diff", "live@1", "live").getAsJsonArray().size());

        run(1, "import", file, "live", "--from", "live@1", "--resume");
        run(0, "import", whole.toString(), "live", "--from", "live@1", "--resume");
        Path expected = dir().resolve("next.raw");
        run(0, "export", "next@2", expected.toString());
        assertHolds("live", expected);
        run(0, "volume", "rm", "live", "next", "--now");
    }
}
