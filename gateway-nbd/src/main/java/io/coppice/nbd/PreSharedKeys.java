package io.coppice.nbd;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The keys of users, from a file in GnuTLS' format (`psktool` writes it): `USER:HEXADECIMAL KEY`.
final class PreSharedKeys {
    /// A key is no password: anybody who watched a handshake can try keys at home.
    private static final int KEY_BYTES_MIN = 16;

    private final Map<String, byte[]> keys;

    private PreSharedKeys(Map<String, byte[]> keys) {
        this.keys = keys;
    }

    static WatchedFiles<PreSharedKeys> watch(Path file) throws IOException {
        return new WatchedFiles<>(List.of(file), () -> read(file));
    }

    private static PreSharedKeys read(Path file) throws IOException {
        try {
            return parse(Files.readAllLines(file, StandardCharsets.UTF_8));
        } catch (CharacterCodingException e) {
            throw new IOException("the pre-shared keys in " + file + " are not UTF-8", e);
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "cannot use the pre-shared keys in " + file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException("cannot read the pre-shared keys in " + file, e);
        }
    }

    /// @throws IllegalArgumentException names the first wrong line, and never what is in it
    static PreSharedKeys parse(List<String> lines) {
        var keys = new HashMap<String, byte[]>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty()) {
                add(keys, line, "line " + (i + 1) + ": ");
            }
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("there are none");
        }
        return new PreSharedKeys(keys);
    }

    private static void add(Map<String, byte[]> keys, String line, String where) {
        int colon = line.lastIndexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException(where + "write USER:KEY, the key in hexadecimal");
        }
        String user = line.substring(0, colon);
        if (user.startsWith("#")) {
            throw new IllegalArgumentException(
                    where + "a user's name in hexadecimal (#...) is not understood");
        }
        byte[] key;
        try {
            key = HexFormat.of().parseHex(line.substring(colon + 1));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + "the key is not hexadecimal");
        }
        if (key.length < KEY_BYTES_MIN) {
            throw new IllegalArgumentException(
                    where + "a key needs at least 16 bytes (32 digits): make one with psktool");
        }
        if (keys.put(user, key) != null) {
            throw new IllegalArgumentException(where + "the user has a key already");
        }
    }

    /// Null: there is no such user.
    byte @Nullable [] of(String user) {
        return keys.get(user);
    }
}
