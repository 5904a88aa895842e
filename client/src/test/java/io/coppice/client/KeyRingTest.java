package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.wire.pb.VolumeKey;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Key files, and data keys that they wrap.
class KeyRingTest {
    private static final int BLOCK = 4096;

    @TempDir Path temporary;

    private Path dir() {
        return temporary.resolve("keys");
    }

    private KeyRing ring() {
        return new KeyRing(dir());
    }

    private static String refused(KeyRing ring, VolumeKey key) {
        var refused = assertThrows(DeviceException.class, () -> KeyRing.cipher(ring, "vol", key));
        assertEquals(DeviceException.Reason.NO_KEY, refused.reason());
        String message = String.valueOf(refused.getMessage());
        assertEquals(1, message.lines().count());
        return message;
    }

    /// What comes of a block of zeros.
    private static ByteBuf sealed(KeyRing ring, VolumeKey key) throws IOException {
        BlockCipher cipher = Objects.requireNonNull(KeyRing.cipher(ring, "vol", key));
        assertEquals(key.getId(), cipher.keyId());
        ByteBuf block = Unpooled.buffer(BLOCK).writeZero(BLOCK);
        cipher.encrypt(block, 0, block, 0, 7, 1);
        return block;
    }

    @Test
    void keysAreFilesThatOnlyTheirOwnerReads() throws IOException {
        KeyRing ring = ring();
        assertEquals(List.of(), ring.list());
        KeyRing.Key b = ring.create("b");
        KeyRing.Key a = ring.create("a");
        assertEquals(List.of(a, b), ring.list());
        assertNotEquals(a.id(), b.id());
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(dir().resolve("a"))));
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(dir())));
        assertThrows(FileAlreadyExistsException.class, () -> ring.create("a"));
        for (String bad : List.of("", "../a", "a/b", ".a", "a@b")) {
            assertThrows(DeviceException.class, () -> ring.create(bad), bad);
        }
    }

    @Test
    void aDataKeyStaysWhatItIsWhateverWrapsIt() throws IOException {
        KeyRing ring = ring();
        ring.create("one");
        ring.create("other");
        VolumeKey key = ring.newVolumeKey("one");
        VolumeKey again = ring.rewrap("vol", key, "other");
        assertEquals(key.getId(), again.getId());
        assertEquals("other", again.getName());
        assertNotEquals(key.getWrapped(), again.getWrapped());
        assertEquals(sealed(ring, key), sealed(ring, again));
        VolumeKey another = ring.newVolumeKey("one");
        assertNotEquals(key.getId(), another.getId());
        assertNotEquals(sealed(ring, key), sealed(ring, another));
        assertNull(KeyRing.cipher(ring, "vol", VolumeKey.getDefaultInstance()));
        assertNull(KeyRing.cipher(null, "vol", VolumeKey.getDefaultInstance()));
    }

    @Test
    void aMissingWrongOrOpenKeyIsToldInOneLine() throws IOException {
        KeyRing ring = ring();
        ring.create("k");
        VolumeKey key = ring.newVolumeKey("k");
        var none = assertThrows(DeviceException.class, () -> KeyRing.cipher(null, "vol", key));
        assertTrue(String.valueOf(none.getMessage()).contains("no keys"), none.getMessage());
        Path file = dir().resolve("k");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertTrue(refused(ring, key).contains("is open to others (rw-r-----)"));
        Files.move(file, dir().resolve("away"));
        assertTrue(refused(ring, key).contains("'k', which is not in " + dir()));
        ring.create("k");
        assertTrue(refused(ring, key).contains("is another"));
        Files.delete(dir().resolve("away"));
        Files.writeString(file, "coppice-key-1:AAAA");
        assertTrue(refused(ring, key).contains("is no key of Coppice"));
        assertThrows(DeviceException.class, ring::list);
    }

    @Test
    void whatTheClusterKeepsCannotBeChangedUnnoticed() throws IOException {
        KeyRing ring = ring();
        ring.create("k");
        VolumeKey key = ring.newVolumeKey("k");
        VolumeKey other = ring.newVolumeKey("k");
        String damaged = "A" + key.getWrapped().substring(1);
        boolean same = damaged.equals(key.getWrapped());
        String changed = same ? "B" + damaged.substring(1) : damaged;
        refused(ring, key.toBuilder().setWrapped(changed).build());
        refused(ring, key.toBuilder().setWrapped("no base64!").build());
        refused(ring, key.toBuilder().setWrapped("AAAA").build());
        refused(ring, key.toBuilder().setId(other.getId()).build());
        // Under another name the same file is not what the volume names.
        Files.copy(dir().resolve("k"), dir().resolve("k2"), StandardCopyOption.COPY_ATTRIBUTES);
        refused(ring, key.toBuilder().setName("k2").build());
        VolumeKey erased = key.toBuilder().clearWrapped().build();
        assertTrue(refused(ring, erased).contains("was erased"));
        assertThrows(DeviceException.class, () -> ring.rewrap("vol", erased, "k"));
    }
}
