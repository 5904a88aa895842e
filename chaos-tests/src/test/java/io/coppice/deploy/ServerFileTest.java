package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerFileTest {
    @Test
    void examplesHaveNoKeyThatNobodyReads() throws Exception {
        for (String kind : List.of("metadata", "node", "gateway")) {
            ServerFile.read(
                    kind, Deployed.text(Deployed.file("examples/" + kind + ".conf")), Map.of());
        }
    }

    @Test
    void misspeltKeysAreFound() {
        String node =
                "node { name = a, stores = [/a], control = [\"h:1\"], catchup.bytes = 1 }\n"
                        + "tls.dir = t";
        var refused =
                assertThrows(AssertionError.class, () -> ServerFile.read("node", node, Map.of()));
        assertTrue(
                String.valueOf(refused.getMessage()).contains("node.catchup.bytes"),
                refused::getMessage);
    }

    @Test
    void portsAreThoseOfTheFile() throws Exception {
        String gateway =
                "listen = [\"0.0.0.0:1\", \"unix:/a\"], http-address = \"h:2\", tls.dir = t";
        var read =
                ServerFile.read("gateway", gateway + ", control-endpoints = [\"m:3\"]", Map.of());
        assertEquals(Map.of("nbd", 1, "http", 2), read.ports());
        assertEquals(List.of("/a"), read.places());
    }
}
