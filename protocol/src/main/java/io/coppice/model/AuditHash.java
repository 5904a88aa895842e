package io.coppice.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The chain of the audit log: each entry has a hash over itself and the one before, so that none
/// can be changed or left out without all that follow.
///
/// SHA-256 over the hash before, number, milliseconds, principal, origin, action, target, detail
/// and refusal, each in UTF-8 with its length in bytes and a colon before it and a line feed after
/// it; written in hexadecimal digits.
public final class AuditHash {
    /// What stands before the first entry.
    public static final String BEGINNING = "0".repeat(64);

    private AuditHash() {}

    /// @param texts principal, origin, action, target, detail, refusal
    public static String of(String before, long number, long millis, String... texts) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            add(digest, before);
            add(digest, Long.toString(number));
            add(digest, Long.toString(millis));
            for (String text : texts) {
                add(digest, text);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    private static void add(MessageDigest digest, String field) {
        byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes);
        digest.update((byte) '\n');
    }
}
