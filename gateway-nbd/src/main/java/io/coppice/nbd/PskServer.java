package io.coppice.nbd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Vector;
import org.bouncycastle.tls.AbstractTlsServer;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.BasicTlsPSKExternal;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.PskIdentity;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsPSKExternal;
import org.bouncycastle.tls.TlsUtils;
import org.bouncycastle.tls.crypto.TlsCrypto;

/// Our side of a TLS 1.3 handshake with a pre-shared key, which always agrees on fresh keys too
/// (psk_dhe_ke): who learns a pre-shared key later cannot read what was recorded.
final class PskServer extends AbstractTlsServer {
    /// A pre-shared key is bound to one hash; clients that are not told otherwise take SHA-256.
    private static final int[] SUITES = {
        CipherSuite.TLS_AES_128_GCM_SHA256, CipherSuite.TLS_CHACHA20_POLY1305_SHA256
    };

    private static final int KEY_BYTES = 32;

    private final PreSharedKeys keys;
    private String user = "";
    private boolean complete;

    PskServer(TlsCrypto crypto, PreSharedKeys keys) {
        super(crypto);
        this.keys = keys;
    }

    /// The user whom the client claims to be, proved when the handshake is complete.
    String user() {
        return user;
    }

    boolean isComplete() {
        return complete;
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
        return ProtocolVersion.TLSv13.only();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
        return TlsUtils.getSupportedCipherSuites(getCrypto(), SUITES);
    }

    /// An unknown user gets a key that nobody has, so that names cannot be guessed from answers.
    @Override
    @SuppressWarnings("rawtypes")
    public TlsPSKExternal getExternalPSK(Vector identities) {
        byte[] identity = ((PskIdentity) identities.get(0)).getIdentity();
        user = new String(identity, StandardCharsets.UTF_8);
        byte[] key = keys.of(user);
        if (key == null) {
            key = new byte[KEY_BYTES];
            getCrypto().getSecureRandom().nextBytes(key);
        }
        return new BasicTlsPSKExternal(identity, getCrypto().createSecret(key));
    }

    /// Asked for only when the client brought no pre-shared key.
    @Override
    public TlsCredentials getCredentials() throws IOException {
        throw new TlsFatalAlert(
                AlertDescription.handshake_failure, "the client offers no pre-shared key");
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
        super.notifyHandshakeComplete();
        complete = true;
    }
}
