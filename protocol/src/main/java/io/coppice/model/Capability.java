package io.coppice.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// What the bearer may do on the data plane, signed with an access key. A connection shows it once
/// for each volume that it opens.
///
/// @param volume 0: of no volume
/// @param fence of the attachment; 0: without one
/// @param session whose it is; what is shown over a connection of another one is worth nothing
/// @param holder the principal that it was given to; empty: nobody was named
/// @param untilMillis wall clock
public record Capability(
        Right right, long volume, long fence, long session, String holder, long untilMillis) {
    public static final int BYTES_MAX = 1_024;

    /// So long is one good for, unless its fence is raised before.
    public static final long LIFE_MILLIS = 3_600_000;

    /// Clocks may differ by so much.
    public static final long CLOCK_MILLIS = 300_000;

    private static final byte VERSION = 1;
    private static final int MAC_BYTES = 32;
    private static final int FIXED_BYTES = 1 + 4 + 1 + 4 * 8;
    private static final int HOLDER_BYTES_MAX = BYTES_MAX - FIXED_BYTES - MAC_BYTES;

    public enum Right {
        /// Read the volume's chunks.
        READ,
        /// Read and change them.
        WRITE,
        /// Count, list and repair the chunks of a replica: the check, and the quorum's counts.
        INSPECT,
        /// Be a replica of the same groups.
        REPLICATE
    }

    /// Whether its time is over, by a clock that may differ a little from the quorum's.
    public boolean isOver(long wallMillis) {
        return wallMillis - CLOCK_MILLIS > untilMillis;
    }

    /// As it goes over the wire: version, key, right, volume, fence, session, until, holder, HMAC.
    byte[] signed(AccessKey key) {
        byte[] name = holder.getBytes(StandardCharsets.UTF_8);
        Invariant.check(name.length <= HOLDER_BYTES_MAX, "the holder's name is too long");
        byte[] body =
                ByteBuffer.allocate(FIXED_BYTES + name.length)
                        .put(VERSION)
                        .putInt(key.number())
                        .put((byte) right.ordinal())
                        .putLong(volume)
                        .putLong(fence)
                        .putLong(session)
                        .putLong(untilMillis)
                        .put(name)
                        .array();
        byte[] signed = Arrays.copyOf(body, body.length + MAC_BYTES);
        System.arraycopy(mac(key, body), 0, signed, body.length, MAC_BYTES);
        return signed;
    }

    /// The number of the key that `bytes` say to be signed with; 0: they are no capability.
    static int keyOf(byte[] bytes) {
        return bytes.length < FIXED_BYTES + MAC_BYTES
                        || bytes.length > BYTES_MAX
                        || bytes[0] != VERSION
                ? 0
                : ByteBuffer.wrap(bytes).getInt(1);
    }

    /// Null: it was not signed with this key.
    static @Nullable Capability verified(byte[] bytes, AccessKey key) {
        if (keyOf(bytes) != key.number()) {
            return null;
        }
        byte[] body = Arrays.copyOf(bytes, bytes.length - MAC_BYTES);
        byte[] mac = Arrays.copyOfRange(bytes, body.length, bytes.length);
        if (!MessageDigest.isEqual(mac, mac(key, body))) {
            return null;
        }
        var in = ByteBuffer.wrap(body).position(5);
        int right = in.get();
        if (right < 0 || right >= Right.values().length) {
            return null; // of a newer version
        }
        long volume = in.getLong();
        long fence = in.getLong();
        long session = in.getLong();
        long until = in.getLong();
        String holder = StandardCharsets.UTF_8.decode(in).toString();
        return new Capability(Right.values()[right], volume, fence, session, holder, until);
    }

    private static byte[] mac(AccessKey key, byte[] body) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key.derive("coppice capabilities"), "HmacSHA256"));
            return mac.doFinal(body);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every Java has HmacSHA256", impossible);
        }
    }
}
