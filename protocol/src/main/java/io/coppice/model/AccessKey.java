package io.coppice.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// A secret of 256 bits that the quorum shares with its storage nodes. What it vouches for is made
/// with keys that are derived from it, one for each purpose.
public record AccessKey(int number, long a, long b, long c, long d) {
    public AccessKey {
        Invariant.check(number > 0, "keys are numbered from 1", number);
    }

    /// 32 bytes for one purpose.
    byte[] derive(String purpose) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var secret = ByteBuffer.allocate(32).putLong(a).putLong(b).putLong(c).putLong(d);
            digest.update(secret.flip());
            return digest.digest(purpose.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    /// Never the secret: this ends up in logs.
    @Override
    public String toString() {
        return "access key " + number;
    }
}
