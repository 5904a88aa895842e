package io.coppice.nbd;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.Optional;

/// What a gateway does about TLS with its NBD clients. Where it has certificates or keys it offers
/// TLS everywhere and demands it where other machines can connect.
///
/// @param dir folder with `ca.crt`, `tls.crt` and `tls.key`: clients show a certificate of that CA
/// @param pskFile pre-shared keys, `USER:HEXADECIMAL KEY` in each line
/// @param required demand it on loopback and unix sockets too
/// @param insecure serve without TLS where other machines can connect
public record NbdTlsConfig(
        Optional<Path> dir, Optional<Path> pskFile, boolean required, boolean insecure) {

    public NbdTlsConfig {
        if (required && dir.isEmpty() && pskFile.isEmpty()) {
            throw new IllegalArgumentException(
                    "TLS is required, but there is neither a folder with certificates nor a file"
                            + " with pre-shared keys: name one of them");
        }
    }

    /// No TLS; so only loopback and unix sockets are served.
    public static NbdTlsConfig none() {
        return new NbdTlsConfig(Optional.empty(), Optional.empty(), false, false);
    }

    /// Reads `dir`, `psk-file`, `required` and `insecure`; all may be absent.
    public static NbdTlsConfig fromHocon(Config config) {
        return new NbdTlsConfig(
                path(config, "dir"),
                path(config, "psk-file"),
                config.hasPath("required") && config.getBoolean("required"),
                config.hasPath("insecure") && config.getBoolean("insecure"));
    }

    private static Optional<Path> path(Config config, String key) {
        return config.hasPath(key) ? Optional.of(Path.of(config.getString(key))) : Optional.empty();
    }
}
