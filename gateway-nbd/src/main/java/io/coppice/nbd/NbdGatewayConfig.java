package io.coppice.nbd;

import com.typesafe.config.Config;
import io.coppice.tls.Exposure;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What a gateway is told.
///
/// @param listen addresses for NBD clients, `HOST:PORT` (port 0: any free one) or `unix:PATH`
/// @param controlEndpoints metadata servers, `HOST:PORT`
/// @param httpAddress for metrics and health, `HOST:PORT`; empty: none
/// @param exports volumes that may be opened, with their snapshots; empty: all
/// @param eventLoopThreads 0: one for each processor
/// @param tls the gateway's credentials directory, for its way into the cluster; empty: in the
///   clear
/// @param keysDir keys of encrypted volumes, one file each; empty: those are not served
public record NbdGatewayConfig(
        List<String> listen,
        List<String> controlEndpoints,
        String httpAddress,
        List<String> exports,
        int eventLoopThreads,
        Optional<Path> tls,
        GatewayLimits limits,
        String keysDir,
        NbdTlsConfig nbdTls) {

    public NbdGatewayConfig {
        listen = List.copyOf(listen);
        controlEndpoints = List.copyOf(controlEndpoints);
        exports = List.copyOf(exports);
        require(!listen.isEmpty(), "listen must name at least one address");
        require(!controlEndpoints.isEmpty(), "control-endpoints must name at least one server");
        require(
                eventLoopThreads >= 0 && eventLoopThreads <= 1024,
                "event-loop-threads must be 0 to 1024");
    }

    /// In the clear, for this machine only.
    public NbdGatewayConfig(
            List<String> listen,
            List<String> controlEndpoints,
            String httpAddress,
            List<String> exports,
            int eventLoopThreads,
            GatewayLimits limits) {
        this(
                listen,
                controlEndpoints,
                httpAddress,
                exports,
                eventLoopThreads,
                Optional.empty(),
                limits,
                "",
                NbdTlsConfig.none());
    }

    public NbdGatewayConfig withNbdTls(NbdTlsConfig other) {
        return new NbdGatewayConfig(
                listen,
                controlEndpoints,
                httpAddress,
                exports,
                eventLoopThreads,
                tls,
                limits,
                keysDir,
                other);
    }

    /// A gateway for all volumes on NBD's own port, with the default limits.
    public static NbdGatewayConfig defaults(List<String> controlEndpoints) {
        return new NbdGatewayConfig(
                List.of("127.0.0.1:10809"),
                controlEndpoints,
                "",
                List.of(),
                0,
                GatewayLimits.defaults());
    }

    /// Reads `listen`, `control-endpoints`, `http-address`, `exports`, `event-loop-threads`,
    /// `tls.dir`, `insecure`, `limits { ... }`, `keys { dir }` and `nbd-tls { ... }`; the endpoints
    /// and one of `tls.dir` and `insecure` have no default.
    ///
    /// @throws com.typesafe.config.ConfigException for missing keys and wrong types
    /// @throws IllegalArgumentException for values out of range
    public static NbdGatewayConfig fromHocon(Config config) {
        var d = defaults(config.getStringList("control-endpoints"));
        return new NbdGatewayConfig(
                config.hasPath("listen") ? config.getStringList("listen") : d.listen,
                d.controlEndpoints,
                config.hasPath("http-address") ? config.getString("http-address") : d.httpAddress,
                config.hasPath("exports") ? config.getStringList("exports") : d.exports,
                config.hasPath("event-loop-threads")
                        ? config.getInt("event-loop-threads")
                        : d.eventLoopThreads,
                Exposure.credentials(
                        config.hasPath("tls.dir") ? config.getString("tls.dir") : "",
                        config.hasPath("insecure") && config.getBoolean("insecure"),
                        d.controlEndpoints),
                config.hasPath("limits")
                        ? GatewayLimits.fromHocon(config.getConfig("limits"))
                        : d.limits,
                config.hasPath("keys.dir") ? config.getString("keys.dir") : d.keysDir,
                config.hasPath("nbd-tls")
                        ? NbdTlsConfig.fromHocon(config.getConfig("nbd-tls"))
                        : d.nbdTls);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
