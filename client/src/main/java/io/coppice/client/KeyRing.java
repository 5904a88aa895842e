package io.coppice.client;

import io.coppice.model.Names;
import io.coppice.wire.pb.VolumeKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// The keys of a client: a directory with one file each, which nobody else may read. They wrap
/// (AES-256-GCM) the data keys of volumes, and never leave this machine; the cluster keeps what is
/// wrapped. A file is one line: a mark and 32 random bytes in base64.
public final class KeyRing {
    private static final String MARK = "coppice-key-1:";
    private static final int KEY_BYTES = 32;
    private static final int FILE_BYTES_MAX = 4_096;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int ID_BYTES = 16;

    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    private final Path dir;
    private final SecureRandom random = new SecureRandom();

    /// A key by name, and which one it is.
    ///
    /// @param id tells keys of one name apart; says nothing of the key
    public record Key(String name, String id) {}

    /// @param dir need not exist yet
    public KeyRing(Path dir) {
        this.dir = dir.toAbsolutePath();
    }

    public Path dir() {
        return dir;
    }

    // ------------------------------------------------------------ keys

    /// Makes a key, durably.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException when there is one of that name
    public Key create(String name) throws IOException {
        checkName(name);
        if (!Files.isDirectory(dir)) {
            Files.createDirectories(
                    dir,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
        var key = new byte[KEY_BYTES];
        random.nextBytes(key);
        String line = MARK + Base64.getEncoder().encodeToString(key) + "\n";
        try (FileChannel file =
                FileChannel.open(
                        dir.resolve(name),
                        EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
            ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
        // What is wrapped with a key is lost with its name.
        try (FileChannel names = FileChannel.open(dir, StandardOpenOption.READ)) {
            names.force(true);
        }
        return new Key(name, id("key", key));
    }

    /// In the order of their names. What could not be a key's name is something else.
    ///
    /// @throws DeviceException when a file there is no key, or is readable by others
    public List<Key> list() throws IOException {
        var keys = new ArrayList<Key>();
        if (!Files.isDirectory(dir)) {
            return keys;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(dir)) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                if (Names.isValid(name) && Files.isRegularFile(file)) {
                    keys.add(new Key(name, id("key", read(name))));
                }
            }
        }
        keys.sort(Comparator.comparing(Key::name));
        return keys;
    }

    // ------------------------------------------------------------ data keys

    /// A new data key, wrapped with the key of that name: what makes a new volume an encrypted one.
    public VolumeKey newVolumeKey(String name) throws IOException {
        var dataKey = new byte[Xts.KEY_BYTES];
        random.nextBytes(dataKey);
        return wrap(dataKey, name);
    }

    /// The same data key, wrapped with another key. Both must be here.
    ///
    /// @param volume whose it is, for messages
    public VolumeKey rewrap(String volume, VolumeKey wrapped, String name) throws IOException {
        return wrap(unwrap(this, volume, wrapped), name);
    }

    /// Null: the device `name` is not encrypted.
    ///
    /// @param keys null: the client has none
    static @Nullable BlockCipher cipher(@Nullable KeyRing keys, String name, VolumeKey key)
            throws IOException {
        if (key.getId().isEmpty()) {
            return null;
        }
        if (keys == null && !key.getWrapped().isEmpty()) {
            throw noKey(
                    name
                            + " is encrypted with key '"
                            + key.getName()
                            + "', and this client has no keys: name a key directory (--keys,"
                            + " keys.dir)");
        }
        return new BlockCipher(key.getId(), unwrap(keys, name, key));
    }

    private static byte[] unwrap(@Nullable KeyRing keys, String name, VolumeKey key)
            throws IOException {
        if (keys == null || key.getWrapped().isEmpty()) {
            throw noKey("the key of " + name + " was erased: nobody can read its data");
        }
        return keys.unwrap(name, key);
    }

    private VolumeKey wrap(byte[] dataKey, String name) throws IOException {
        byte[] key = read(name);
        VolumeKey.Builder made =
                VolumeKey.newBuilder()
                        .setId(id("data key", dataKey))
                        .setName(name)
                        .setWrappedBy(id("key", key));
        var nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        try {
            Cipher cipher = gcm(Cipher.ENCRYPT_MODE, key, nonce, made.build());
            byte[] sealed = cipher.doFinal(dataKey);
            byte[] whole = Arrays.copyOf(nonce, nonce.length + sealed.length);
            System.arraycopy(sealed, 0, whole, nonce.length, sealed.length);
            return made.setWrapped(Base64.getEncoder().encodeToString(whole)).build();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no AES-GCM with 256 bits", e);
        }
    }

    private byte[] unwrap(String volume, VolumeKey wrapped) throws IOException {
        byte[] key = read(wrapped.getName(), volume + " is encrypted with key");
        String which = id("key", key);
        if (!which.equals(wrapped.getWrappedBy())) {
            throw noKey(
                    volume
                            + " is encrypted with key '"
                            + wrapped.getName()
                            + "' "
                            + wrapped.getWrappedBy()
                            + ", but the one in "
                            + dir
                            + " is another, "
                            + which);
        }
        try {
            byte[] whole = Base64.getDecoder().decode(wrapped.getWrapped());
            byte[] nonce = Arrays.copyOf(whole, NONCE_BYTES);
            Cipher cipher = gcm(Cipher.DECRYPT_MODE, key, nonce, wrapped);
            byte[] dataKey = cipher.doFinal(whole, NONCE_BYTES, whole.length - NONCE_BYTES);
            if (dataKey.length == Xts.KEY_BYTES
                    && id("data key", dataKey).equals(wrapped.getId())) {
                return dataKey;
            }
        } catch (AEADBadTagException | IllegalArgumentException e) {
            throw noKey("the data key of " + volume + " is damaged in the cluster: " + e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no AES-GCM with 256 bits", e);
        }
        throw noKey("the data key of " + volume + " is damaged in the cluster");
    }

    /// What is said of the data key beside it cannot be changed either.
    private static Cipher gcm(int mode, byte[] key, byte[] nonce, VolumeKey about)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
        String text =
                "coppice volume key 1\n"
                        + about.getId()
                        + "\n"
                        + about.getName()
                        + "\n"
                        + about.getWrappedBy();
        cipher.updateAAD(text.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    /// Keys are random, so a hash of one tells nothing but which it is.
    private static String id(String what, byte[] key) {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            hash.update(("coppice " + what + "\n").getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(hash.digest(key), 0, ID_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }

    // ------------------------------------------------------------ files

    private byte[] read(String name) throws IOException {
        return read(name, "there is no key");
    }

    /// @param wanted what it is read for, before its name
    private byte[] read(String name, String wanted) throws IOException {
        checkName(name);
        Path file = dir.resolve(name);
        byte[] bytes;
        try {
            Set<PosixFilePermission> allowed = Files.getPosixFilePermissions(file);
            if (!OWNER_ONLY.containsAll(allowed)) {
                throw noKey(
                        "the key file "
                                + file
                                + " is open to others ("
                                + PosixFilePermissions.toString(allowed)
                                + "): make it 0600 with chmod, or use another key");
            }
            try (var in = Files.newInputStream(file)) {
                bytes = in.readNBytes(FILE_BYTES_MAX);
            }
        } catch (NoSuchFileException e) {
            throw noKey(wanted + " '" + name + "', which is not in " + dir);
        }
        String line = new String(bytes, StandardCharsets.US_ASCII).strip();
        byte[] key = decoded(line);
        if (key.length != KEY_BYTES) {
            throw noKey("the file " + file + " is no key of Coppice, or is damaged");
        }
        return key;
    }

    private static byte[] decoded(String line) {
        if (!line.startsWith(MARK)) {
            return new byte[0];
        }
        try {
            return Base64.getDecoder().decode(line.substring(MARK.length()));
        } catch (IllegalArgumentException damaged) {
            return new byte[0];
        }
    }

    private static void checkName(String name) throws DeviceException {
        if (!Names.isValid(name) || name.contains("/")) {
            throw noKey(Names.rule("key", name).replace(", '-' or '/'", " or '-'"));
        }
    }

    private static DeviceException noKey(String message) {
        return new DeviceException(DeviceException.Reason.NO_KEY, message);
    }
}
