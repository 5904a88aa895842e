package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.coppice.net.Transport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NbdGatewayConfigTest {
    @Test
    void everythingButTheEndpointsHasADefault() {
        var config =
                NbdGatewayConfig.fromHocon(
                        ConfigFactory.parseString(
                                "insecure = true, control-endpoints = [\"127.0.0.1:1\"]"));
        assertEquals(NbdGatewayConfig.defaults(List.of("127.0.0.1:1")), config);
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
                                tls.dir = /etc/coppice/tls/nbd
                                event-loop-threads = 3
                                keys { dir = /etc/keys }
                                limits { connections = 7, requests-per-connection = 9
                                  bytes-per-connection = 32MiB, allowance-bytes = 2MiB
                                  shared-bytes = 64MiB, cache-bytes = 8MiB
                                  handshake-timeout = 3s, linger = 0s
                                  drain-timeout = 1s }
                                """));
        assertEquals(3, config.eventLoopThreads());
        assertEquals("/etc/coppice/tls/nbd", config.tls().orElseThrow().toString());
        assertEquals("/etc/keys", config.keysDir());
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
    void tlsOfNbd() {
        var config =
                NbdGatewayConfig.fromHocon(
                        ConfigFactory.parseString(
                                "control-endpoints = [a], tls.dir = /t, nbd-tls { dir = /d,"
                                        + " psk-file = /p, required = true, insecure = true }"));
        assertEquals(
                new NbdTlsConfig(
                        Optional.of(Path.of("/d")), Optional.of(Path.of("/p")), true, true),
                config.nbdTls());
        assertThrows(
                IllegalArgumentException.class,
                () -> new NbdTlsConfig(Optional.empty(), Optional.empty(), true, false));
    }

    @Test
    void whatOthersCanReachNeedsTls() throws IOException {
        var none = new TlsGate(NbdTlsConfig.none());
        for (String here : List.of("127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/run/nbd.sock")) {
            assertFalse(none.isRequiredOn(Transport.parse(here)), here);
        }
        for (String anywhere : List.of("0.0.0.0:1", "[::]:1", "192.0.2.1:1")) {
            var address = Transport.parse(anywhere);
            var refused =
                    assertThrows(IllegalArgumentException.class, () -> none.isRequiredOn(address));
            assertTrue(
                    String.valueOf(refused.getMessage()).startsWith("other machines can reach "));
        }
        var insecure = new NbdTlsConfig(Optional.empty(), Optional.empty(), false, true);
        assertFalse(new TlsGate(insecure).isRequiredOn(Transport.parse("0.0.0.0:1")));
    }

    @Test
    void whatIsWrongWithTlsIsToldWithoutACluster(@TempDir Path dir) {
        var nobody = List.of("127.0.0.1:1");
        var open =
                new NbdGatewayConfig(
                        List.of("0.0.0.0:0"), nobody, "", List.of(), 1, GatewayLimits.defaults());
        assertThrows(IllegalArgumentException.class, () -> NbdGateway.start(open));
        var empty = new NbdTlsConfig(Optional.of(dir), Optional.empty(), false, false);
        var refused =
                assertThrows(
                        IOException.class,
                        () ->
                                NbdGateway.start(
                                        NbdGatewayConfig.defaults(nobody).withNbdTls(empty)));
        assertEquals(
                "cannot read "
                        + dir.resolve("ca.crt")
                        + ": a folder with certificates holds ca.crt, tls.crt and tls.key",
                refused.getMessage());
    }

    @Test
    void valuesOutOfRangeAreToldInOneLine() {
        var error =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                NbdGatewayConfig.fromHocon(
                                        ConfigFactory.parseString(
                                                "control-endpoints = [a], tls.dir = t\n"
                                                        + "limits.bytes-per-connection = 1k")));
        assertEquals(
                "bytes-per-connection must be at least 32 MiB, the longest request",
                error.getMessage());
    }
}
