package io.coppice.client;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.ShortBufferException;
import javax.crypto.spec.SecretKeySpec;

/// AES-256-XTS (IEEE 1619, NIST SP 800-38E) over whole cipher blocks, which the JDK does not have.
/// AES itself is the JDK's, so it runs on the processor's own instructions: all blocks of a unit go
/// through it in one call, and what makes it XTS is two passes of exclusive or. Allocates nothing.
/// One thread at a time.
final class Xts {
    static final int KEY_BYTES = 64;
    private static final int AES_BYTES = 16;

    /// What a carry out of 128 bits comes back as: x^7 + x^2 + x + 1.
    private static final long POLYNOMIAL = 0x87;

    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Cipher encrypting;
    private final Cipher decrypting;
    private final Cipher tweaking;
    private final long[] tweaks;
    private final byte[] first = new byte[AES_BYTES];

    /// @param key two AES keys, one after the other; they must differ
    /// @param unitBytes no unit is longer
    Xts(byte[] key, int unitBytes) {
        byte[] data = Arrays.copyOfRange(key, 0, KEY_BYTES / 2);
        byte[] tweak = Arrays.copyOfRange(key, KEY_BYTES / 2, KEY_BYTES);
        if (key.length != KEY_BYTES || MessageDigest.isEqual(data, tweak)) {
            throw new IllegalArgumentException("AES-256-XTS takes two keys of 32 bytes");
        }
        encrypting = aes(Cipher.ENCRYPT_MODE, data);
        decrypting = aes(Cipher.DECRYPT_MODE, data);
        tweaking = aes(Cipher.ENCRYPT_MODE, tweak);
        tweaks = new long[unitBytes / Long.BYTES];
        Arrays.fill(data, (byte) 0);
        Arrays.fill(tweak, (byte) 0);
    }

    private static Cipher aes(int mode, byte[] key) {
        try {
            // Block by block on purpose: the mode is made here.
            Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(mode, new SecretKeySpec(key, "AES"));
            return cipher;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no AES with 256 bits", e);
        }
    }

    /// Encrypts `length` bytes in place, a multiple of 16.
    ///
    /// @param unit number of the unit that they are, which goes into the result
    void encrypt(byte[] data, int at, int length, long unit) {
        crypt(encrypting, data, at, length, unit);
    }

    /// What [#encrypt] did, undone.
    void decrypt(byte[] data, int at, int length, long unit) {
        crypt(decrypting, data, at, length, unit);
    }

    private void crypt(Cipher cipher, byte[] data, int at, int length, long unit) {
        try {
            begin(unit);
            long low = (long) LONGS.get(first, 0);
            long high = (long) LONGS.get(first, Long.BYTES);
            long[] all = tweaks;
            int longs = length / Long.BYTES;
            for (int i = 0; i < longs; i += 2) {
                all[i] = low;
                all[i + 1] = high;
                long carry = high >> 63 & POLYNOMIAL;
                high = high << 1 | low >>> 63;
                low = low << 1 ^ carry;
            }
            mix(data, at, longs);
            cipher.update(data, at, length, data, at);
            mix(data, at, longs);
        } catch (ShortBufferException e) {
            throw new IllegalStateException("a unit of whole blocks grew", e);
        }
    }

    /// The first block's tweak.
    private void begin(long unit) throws ShortBufferException {
        LONGS.set(first, 0, unit);
        LONGS.set(first, Long.BYTES, 0L);
        tweaking.update(first, 0, AES_BYTES, first, 0);
    }

    private void mix(byte[] data, int at, int longs) {
        long[] all = tweaks;
        for (int i = 0; i < longs; i++) {
            int place = at + i * Long.BYTES;
            LONGS.set(data, place, (long) LONGS.get(data, place) ^ all[i]);
        }
    }
}
