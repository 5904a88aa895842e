package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Against the vectors of the standard, and what OpenSSL makes of longer units.
class XtsTest {
    private static final int UNIT = 4096;

    /// Of the standard's vectors for 256 bits.
    private static byte[] key() {
        String data = "2718281828459045235360287471352662497757247093699959574966967627";
        String tweak = "3141592653589793238462643383279502884197169399375105820974944592";
        return HexFormat.of().parseHex(data + tweak);
    }

    /// Cipher text by unit.
    private static Map<Long, byte[]> vectors() throws IOException {
        Map<Long, StringBuilder> texts = new TreeMap<>();
        try (InputStream in =
                Objects.requireNonNull(XtsTest.class.getResourceAsStream("/xts-vectors.txt"))) {
            var current = new StringBuilder();
            String all = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            for (String line : all.lines().filter(each -> !each.startsWith("#")).toList()) {
                String[] words = line.split(" ");
                if (words.length == 3) {
                    current = new StringBuilder();
                    texts.put(Long.parseLong(words[2], 16), current);
                } else {
                    current.append(line);
                }
            }
        }
        Map<Long, byte[]> vectors = new TreeMap<>();
        texts.forEach((unit, hex) -> vectors.put(unit, HexFormat.of().parseHex(hex)));
        return vectors;
    }

    @Test
    void vectorsOfTheStandard() throws IOException {
        var plain = new byte[512];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) i;
        }
        Map<Long, byte[]> vectors = vectors();
        assertEquals(5, vectors.size());
        var xts = new Xts(key(), plain.length);
        vectors.forEach((unit, expected) -> {
            byte[] data = plain.clone();
            xts.encrypt(data, 0, data.length, unit);
            assertArrayEquals(expected, data, "unit " + unit);
            xts.decrypt(data, 0, data.length, unit);
            assertArrayEquals(plain, data, "unit " + unit);
        });
    }

    @Test
    void blocksAsOtherProgramsEncryptThem() throws Exception {
        var data = new byte[3 * UNIT];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 7 + 3);
        }
        var xts = new Xts(key(), UNIT);
        for (int i = 0; i < 3; i++) {
            xts.encrypt(data, i * UNIT, UNIT, (1L << 40) + 5 + i);
        }
        assertEquals(
                "1215472776891e41b0fb0692d1f9a81b38bdcfe21c9c672eba7795d94c5f752c",
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data)));
    }

    @Test
    void everyPlaceLooksDifferent() {
        var xts = new Xts(key(), UNIT);
        var one = new byte[UNIT];
        var other = new byte[UNIT];
        xts.encrypt(one, 0, UNIT, 1);
        xts.encrypt(other, 0, UNIT, 2);
        assertFalse(Arrays.equals(one, other));
        assertFalse(Arrays.equals(one, 0, 16, one, 16, 32));
    }

    @Test
    void keysThatAreNone() {
        assertThrows(IllegalArgumentException.class, () -> new Xts(new byte[64], UNIT));
        assertThrows(IllegalArgumentException.class, () -> new Xts(Arrays.copyOf(key(), 65), UNIT));
    }
}
