package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.cli.local.ServerKind;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PlainServerTest {
    private static Optional<PlainServer> read(String line) {
        return PlainServer.of(line.split(" "));
    }

    @Test
    void readsWhatUpWrites() {
        assertEquals(
                Optional.of(
                        new PlainServer(
                                ServerKind.METADATA,
                                "meta1",
                                Path.of("etc/meta1.conf"),
                                Optional.of(Path.of(".coppice")))),
                read("server metadata --config etc/meta1.conf --name meta1 --dir .coppice"));
    }

    @Test
    void aServerIsNamedAfterItsKind() {
        assertEquals(
                Optional.of(
                        new PlainServer(
                                ServerKind.NODE,
                                "node",
                                Path.of("/etc/coppice/node.conf"),
                                Optional.empty())),
                read("server node --config /etc/coppice/node.conf"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "server",
                "server node",
                "server node --help",
                "server node --name a",
                "server disk --config a",
                "server NODE --config a",
                "server node --config",
                "server node --config a --config b",
                "server node --config --name",
                "server node --config=a --name b",
                "server node --config a --quiet",
                "server node --config a --timeout 1s",
                "--config a server node",
                "status --config a b"
            })
    void leavesEverythingElseToTheParser(String line) {
        assertEquals(Optional.empty(), read(line));
    }
}
