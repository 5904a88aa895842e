package io.coppice.cli.local;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.nbd.NbdGateway;
import io.coppice.nbd.NbdGatewayConfig;
import java.util.List;
import java.util.stream.Collectors;

/// An NBD gateway in this process, for `nbd serve`.
public final class Gateway implements AutoCloseable {
    private final NbdGateway gateway;

    private Gateway(NbdGateway gateway) {
        this.gateway = gateway;
    }

    /// @param listen `HOST:PORT` or `unix:PATH`
    /// @param exports empty: all volumes
    public static Gateway start(List<String> listen, List<String> endpoints, List<String> exports) {
        String text =
                "listen = "
                        + list(listen)
                        + "\ncontrol-endpoints = "
                        + list(endpoints)
                        + "\nexports = "
                        + list(exports)
                        + "\n";
        try {
            NbdGateway gateway =
                    NbdGateway.start(NbdGatewayConfig.fromHocon(ConfigFactory.parseString(text)));
            return new Gateway(gateway);
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
