package io.coppice.nbd;

import com.typesafe.config.Config;
import java.util.List;

/// What a gateway is told.
///
/// @param listen addresses for NBD clients, `HOST:PORT` (port 0: any free one) or `unix:PATH`
/// @param controlEndpoints metadata servers, `HOST:PORT`
/// @param httpAddress for metrics and health, `HOST:PORT`; empty: none
/// @param exports volumes that may be opened, with their snapshots; empty: all
/// @param eventLoopThreads 0: one for each processor
public record NbdGatewayConfig(
        List<String> listen,
        List<String> controlEndpoints,
        String httpAddress,
        List<String> exports,
        int eventLoopThreads,
        GatewayLimits limits) {

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

    /// Reads `listen`, `control-endpoints`, `http-address`, `exports`, `event-loop-threads` and
    /// `limits { ... }`; only the endpoints have no default.
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
                config.hasPath("limits")
                        ? GatewayLimits.fromHocon(config.getConfig("limits"))
                        : d.limits);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
