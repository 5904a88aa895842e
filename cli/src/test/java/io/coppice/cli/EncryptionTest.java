package io.coppice.cli;

import static io.coppice.cli.OneCluster.dir;
import static io.coppice.cli.OneCluster.json;
import static io.coppice.cli.OneCluster.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Keys and encrypted volumes, in the words of the command line.
@ExtendWith(OneCluster.class)
@Timeout(300)
class EncryptionTest {
    private static Path image(String name, long seed) throws IOException {
        byte[] data = new byte[1 << 20];
        new Random(seed).nextBytes(data);
        return Files.write(dir().resolve(name), data);
    }

    private static JsonObject volume(String name) {
        return json("volume", "show", name).getAsJsonObject();
    }

    private static void assertHolds(String volume, Path image, String keys) throws IOException {
        Path out = dir().resolve("out-of-" + volume);
        run(0, "export", volume, out.toString(), "--keys", keys);
        assertEquals(-1, Files.mismatch(image, out));
        Files.delete(out);
    }

    @Test
    void volumesAreEncryptedWithKeysOfThisMachine() throws IOException {
        String keys = dir().resolve("my-keys").toString();
        run(6, "volume", "create", "e", "--size", "1M", "--encrypt", "k", "--keys", keys);
        run(4, "volume", "show", "e");
        run(0, "key", "create", "k", "--keys", keys);
        run(5, "key", "create", "k", "--keys", keys);
        run(6, "key", "create", "a/b", "--keys", keys);
        run(0, "key", "create", "other", "--keys", keys);
        var listed = json("key", "ls", "--keys", keys).getAsJsonArray();
        assertEquals(2, listed.size());
        String id = listed.get(0).getAsJsonObject().get("id").getAsString();

        Path image = image("encrypted", 1);
        run(0, "import", image.toString(), "e", "--encrypt", "k", "--keys", keys);
        JsonObject made = volume("e");
        assertEquals("k", made.get("key").getAsString());
        assertEquals(id, made.get("key_wrapped_by").getAsString());
        assertFalse(made.get("key_erased").getAsBoolean());
        assertHolds("e", image, keys);
        String refused = run(6, "export", "e", dir().resolve("no").toString());
        assertTrue(refused.contains("this client has no keys"), refused);
        Path none = dir().resolve("no-keys");
        Files.createDirectory(none);
        refused = run(6, "export", "e", dir().resolve("no").toString(), "--keys", "" + none);
        assertTrue(refused.contains("'k', which is not in " + none), refused);

        run(0, "clone", "e", "f");
        run(6, "volume", "rekey", "f", "--key", "absent", "--keys", keys);
        run(0, "volume", "rekey", "f", "--key", "other", "--keys", keys);
        assertEquals("other", volume("f").get("key").getAsString());
        assertEquals(made.get("data_key"), volume("f").get("data_key"));
        assertHolds("f", image, keys);
        run(0, "volume", "create", "p", "--size", "1M");
        run(2, "volume", "rekey", "p", "--key", "k", "--keys", keys);
        run(2, "volume", "swap", "p", "f");
        run(2, "volume", "erase-key", "p");

        JsonObject erased = json("volume", "erase-key", "e").getAsJsonObject();
        assertEquals("f", erased.getAsJsonArray("still_held_by").get(0).getAsString());
        assertTrue(volume("e").get("key_erased").getAsBoolean());
        refused = run(6, "export", "e", dir().resolve("no").toString(), "--keys", keys);
        assertTrue(refused.contains("was erased"), refused);
        assertHolds("f", image, keys);
        assertTrue(run(0, "volume", "erase-key", "f").contains("no other volume has it"));
        assertTrue(run(0, "volume", "show", "f").contains("erased, was other"));
        run(0, "volume", "rm", "e", "f", "p", "--now");
    }

    @Test
    void differencesAreOfPlainData() throws IOException {
        String keys = dir().resolve("stream-keys").toString();
        run(0, "key", "create", "k", "--keys", keys);
        Path first = image("first", 2);
        Path second = image("second", 3);
        run(0, "import", first.toString(), "src", "--encrypt", "k", "--keys", keys);
        run(0, "snapshot", "create", "src@s");
        String base = dir().resolve("base.stream").toString();
        run(0, "export", "src@s", base, "--stream", "--keys", keys);
        run(0, "import", base, "dst");
        assertTrue(volume("dst").get("key").isJsonNull());
        assertHolds("dst", first, keys);
        run(0, "import", base, "again", "--encrypt", "k", "--keys", keys);
        assertHolds("again", first, keys);
        assertFalse(volume("again").get("data_key").equals(volume("src").get("data_key")));
        run(2, "import", base, "x", "--from", "src@s", "--encrypt", "k", "--keys", keys);
        run(0, "import", second.toString(), "plain");
        for (String name : List.of("src", "dst", "again", "plain")) {
            run(0, "volume", "rm", name, "--now");
        }
    }
}
