package io.coppice.tls;

import io.coppice.wire.RefusedAccess;
import io.coppice.wire.pb.AccessRefused;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The key and certificate of this process and whom it believes, from a credentials directory.
/// Contexts made of [#keys] and [#trust] follow the files: a handshake after a change uses the new
/// ones, connections that stand go on. Thread-safe.
public final class Credentials {
    private static final Logger log = LoggerFactory.getLogger(Credentials.class);
    private static final long LOOK_NANOS = 1_000_000_000L;
    private static final int WHY_CHARS_MAX = 300;

    private final Path dir;
    private final OwnKey keys = new OwnKey(this);
    private final Object reading = new Object();

    // Under `reading`.
    private List<Long> stamp;
    private long lookedNanos = System.nanoTime();
    private int readings = 1;

    private volatile Material current;

    /// A handshake that began before the last reading still asks for its key.
    private volatile Material former;

    private volatile Set<String> revoked = Set.of();
    private final List<Runnable> revocationListeners = new CopyOnWriteArrayList<>();
    private final RefusedAccess refused = new RefusedAccess();

    private Credentials(Path dir, List<Long> stamp, Material first) {
        this.dir = dir;
        this.stamp = stamp;
        this.current = first;
        this.former = first;
    }

    /// @throws IOException one line: which file is missing or wrong, and what to do
    public static Credentials load(Path dir) throws IOException {
        List<Long> stamp = Material.stamp(dir);
        return new Credentials(dir, stamp, Material.read(dir, "1"));
    }

    /// Whom this process is to the others.
    public Identity identity() {
        return current().identity();
    }

    /// When its certificate is not believed any more.
    public long expiresMillis() {
        return current().chain().getFirst().getNotAfter().getTime();
    }

    public Path dir() {
        return dir;
    }

    /// What this process shows.
    public X509ExtendedKeyManager keys() {
        return keys;
    }

    /// Believes whom the cluster's authority names and nobody has revoked. To a client a server
    /// must also be one by its certificate, for the address that was called.
    public X509ExtendedTrustManager trust() {
        return new Trust(this, false);
    }

    /// As [#trust], and clients must be servers of the cluster too.
    public X509ExtendedTrustManager trustOfServers() {
        return new Trust(this, true);
    }

    // ------------------------------------------------------------ revocation

    /// The serial numbers that count no more from now on; those of before are forgotten. Whoever
    /// holds connections ends those concerned.
    public void revoke(Set<String> serials) {
        if (!serials.equals(revoked)) {
            revoked = Set.copyOf(serials);
            revocationListeners.forEach(Runnable::run);
        }
    }

    public boolean isRevoked(Identity who) {
        return isRevoked(who.serial());
    }

    public boolean isRevoked(String serial) {
        return revoked.contains(serial);
    }

    /// Calls after each change of what is revoked, on the thread that made it.
    public void onRevocation(Runnable listener) {
        revocationListeners.add(listener);
    }

    public void forget(Runnable listener) {
        revocationListeners.remove(listener);
    }

    // ------------------------------------------------------------ who was turned away

    /// A port of this process has turned somebody away.
    ///
    /// @param holder whom a certificate of the cluster's authority names; empty: nobody is proven,
    ///   so that no stranger speaks in the name of another
    /// @param from address; empty: it is not known
    public void refused(String holder, String from, String why) {
        String bounded = why.length() <= WHY_CHARS_MAX ? why : why.substring(0, WHY_CHARS_MAX);
        refused.add(
                AccessRefused.newBuilder()
                        .setWhat("CONNECT")
                        .setHolder(holder)
                        .setFrom(from)
                        .setWhy(bounded)
                        .build());
    }

    /// Who was, since the last time.
    public List<AccessRefused> takeRefused() {
        return refused.take();
    }

    // ------------------------------------------------------------ the files

    /// What the files hold, not older than a second.
    Material current() {
        long now = System.nanoTime();
        synchronized (reading) {
            if (now - lookedNanos >= LOOK_NANOS) {
                lookedNanos = now;
                readAgain();
            }
            return current;
        }
    }

    /// Looks at the files now.
    void look() {
        synchronized (reading) {
            readAgain();
        }
    }

    @Nullable Material known(String alias) {
        Material now = current;
        if (now.alias().equals(alias)) {
            return now;
        }
        Material before = former;
        return before.alias().equals(alias) ? before : null;
    }

    private void readAgain() {
        try {
            List<Long> seen = Material.stamp(dir);
            if (seen.equals(stamp)) {
                return;
            }
            Material read = Material.read(dir, String.valueOf(readings + 1));
            readings++;
            former = current;
            current = read;
            stamp = seen;
            log.info(
                    "new certificate of {} in {}: serial {}, valid until {}",
                    read.identity(),
                    dir,
                    read.identity().serial(),
                    read.chain().getFirst().getNotAfter().toInstant());
        } catch (IOException halfWritten) {
            log.warn("the certificate of before stays in use: {}", halfWritten.getMessage());
        }
    }

    X509Certificate[] authorities() {
        return current().authorities().toArray(X509Certificate[]::new);
    }
}
