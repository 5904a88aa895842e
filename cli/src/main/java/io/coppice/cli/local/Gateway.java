package io.coppice.cli.local;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.nbd.NbdGateway;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.nbd.NbdTlsConfig;
import io.coppice.tls.Credentials;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// An NBD gateway in this process, for `nbd serve`.
public final class Gateway implements AutoCloseable {
    private final NbdGateway gateway;

    private Gateway(NbdGateway gateway) {
        this.gateway = gateway;
    }

    /// @param listen `HOST:PORT` or `unix:PATH`
    /// @param exports empty: all volumes
    /// @param credentials who the gateway is; empty: it speaks in the clear
    /// @param keys directory with the keys of encrypted volumes; need not exist
    /// @param nbdTls what NBD clients meet
    public static Gateway start(
            List<String> listen,
            List<String> endpoints,
            List<String> exports,
            Optional<Credentials> credentials,
            Path keys,
            NbdTlsConfig nbdTls) {
        String security =
                credentials
                        .map(own -> "tls.dir = " + ConfigUtil.quoteString(own.dir().toString()))
                        .orElse("insecure = true");
        String text =
                "listen = "
                        + list(listen)
                        + "\ncontrol-endpoints = "
                        + list(endpoints)
                        + "\nexports = "
                        + list(exports)
                        + "\n"
                        + security
                        + "\nkeys { dir = "
                        + ConfigUtil.quoteString(keys.toString())
                        + " }\n";
        try {
            NbdGatewayConfig config =
                    NbdGatewayConfig.fromHocon(ConfigFactory.parseString(text)).withNbdTls(nbdTls);
            return new Gateway(NbdGateway.start(config));
        } catch (IllegalArgumentException wrong) {
            throw wrong;
        } catch (Exception failed) {
            throw new CliException(ExitCode.FAILED, "cannot serve: " + failed.getMessage(), failed);
        }
    }

    private static String list(List<String> values) {
        return values.stream()
                .map(ConfigUtil::quoteString)
                .collect(Collectors.joining(", ", "[", "]"));
    }

    public List<String> addresses() {
        return gateway.addresses();
    }

    @Override
    public void close() {
        try {
            gateway.close();
        } catch (Exception failed) {
            throw new CliException(
                    ExitCode.FAILED,
                    "the gateway did not stop cleanly: " + failed.getMessage(),
                    failed);
        }
    }
}
