package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreSharedKeysTest {
    private static final String KEY = "00112233445566778899aabbccddeeff";

    @Test
    void everyLineIsAUserAndItsKey() {
        var keys = PreSharedKeys.parse(List.of("alice:" + KEY, "", " a:b:" + KEY.repeat(2) + " "));
        assertArrayEquals(HexFormat.of().parseHex(KEY), keys.of("alice"));
        assertArrayEquals(HexFormat.of().parseHex(KEY.repeat(2)), keys.of("a:b"));
        assertNull(keys.of("bob"));
        assertNull(keys.of(""));
    }

    @Test
    void wrongLinesAreToldWithoutTheKey() {
        wrong("there are none");
        wrong("there are none", "", "  ");
        wrong("line 2: write USER:KEY, the key in hexadecimal", "a:" + KEY, "secret");
        wrong("line 1: write USER:KEY, the key in hexadecimal", ":" + KEY);
        wrong("line 1: the key is not hexadecimal", "alice:secret");
        wrong(
                "line 1: a key needs at least 16 bytes (32 digits): make one with psktool",
                "alice:0011");
        wrong("line 2: the user has a key already", "alice:" + KEY, "alice:" + KEY);
        wrong(
                "line 1: a user's name in hexadecimal (#...) is not understood",
                "#616c696365:" + KEY);
    }

    private static void wrong(String message, String... lines) {
        var refused =
                assertThrows(
                        IllegalArgumentException.class, () -> PreSharedKeys.parse(List.of(lines)));
        assertEquals(message, refused.getMessage());
    }

    @Test
    void filesThatCannotBeUsedAreNamed(@TempDir Path dir) throws IOException {
        var keys = dir.resolve("keys");
        assertTold("cannot read the pre-shared keys in " + keys, Optional.empty(), keys);
        Files.writeString(keys, "alice");
        assertTold("cannot use the pre-shared keys in " + keys, Optional.empty(), keys);
        Files.write(keys, new byte[] {'a', (byte) 0xff});
        assertTold("the pre-shared keys in " + keys + " are not UTF-8", Optional.empty(), keys);

        Files.writeString(keys, "alice:" + KEY);
        assertTold("cannot read " + dir.resolve("ca.crt"), Optional.of(dir), keys);
        new TestAuthority().issue(dir, "gateway", "principal");
        Files.writeString(dir.resolve("tls.key"), "no key");
        assertTold("cannot use the certificates in " + dir, Optional.of(dir), keys);
    }

    private static void assertTold(String start, Optional<Path> dir, Path keys) {
        var config = new NbdTlsConfig(dir, Optional.of(keys), false, false);
        var refused = assertThrows(IOException.class, () -> new TlsGate(config));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.startsWith(start), message);
    }
}
