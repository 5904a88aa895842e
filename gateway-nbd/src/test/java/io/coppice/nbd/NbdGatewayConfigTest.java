package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NbdGatewayConfigTest {
    @Test
    void everythingButTheEndpointsHasADefault() {
        var config =
                NbdGatewayConfig.fromHocon(
                        ConfigFactory.parseString("control-endpoints = [\"a:1\"]"));
        assertEquals(NbdGatewayConfig.defaults(List.of("a:1")), config);
        assertThrows(
                ConfigException.class,
                () -> NbdGatewayConfig.fromHocon(ConfigFactory.parseString("")));
    }

    @Test
    void allKeys() {
        var config =
                NbdGatewayConfig.fromHocon(
                        ConfigFactory.parseString(
                                """
                                control-endpoints = ["a:1", "b:2"]
                                listen = ["unix:/run/x", "127.0.0.1:0"]
                                http-address = "127.0.0.1:0"
                                exports = [disk]
                                event-loop-threads = 3
                                limits { connections = 7, requests-per-connection = 9
                                  bytes-per-connection = 32MiB, allowance-bytes = 2MiB
                                  shared-bytes = 64MiB, cache-bytes = 8MiB
                                  handshake-timeout = 3s, linger = 0s
                                  drain-timeout = 1s }
                                """));
        assertEquals(3, config.eventLoopThreads());
        assertEquals(List.of("disk"), config.exports());
        assertEquals(
                new GatewayLimits(
                        7,
                        9,
                        32L << 20,
                        2L << 20,
                        64L << 20,
                        8L << 20,
                        Duration.ofSeconds(3),
                        Duration.ZERO,
                        Duration.ofSeconds(1)),
                config.limits());
    }

    @Test
    void valuesOutOfRangeAreToldInOneLine() {
        var error =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                NbdGatewayConfig.fromHocon(
                                        ConfigFactory.parseString(
                                                "control-endpoints = [a]\n"
                                                        + "limits.bytes-per-connection = 1k")));
        assertEquals(
                "bytes-per-connection must be at least 32 MiB, the longest request",
                error.getMessage());
    }
}
