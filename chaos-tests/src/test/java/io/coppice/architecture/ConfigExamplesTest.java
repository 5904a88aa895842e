package io.coppice.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.node.StorageNodeConfig;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The files in `deploy/examples` are what the servers read.
class ConfigExamplesTest {
    private static final List<String> CONTROL =
            List.of("10.0.0.1:7002", "10.0.0.2:7002", "10.0.0.3:7002");

    @Test
    void metadataServerReadsItsExample() throws Exception {
        var config = MetadataServerConfig.fromHocon(example("metadata"));
        assertEquals("meta1", config.id());
        assertEquals(Set.of("meta1", "meta2", "meta3"), config.controlPeers().keySet());
    }

    @Test
    void storageNodeReadsItsExample() {
        var config = StorageNodeConfig.fromHocon(example("node"));
        assertEquals("node1", config.name());
        assertEquals(2, config.stores().size());
        assertEquals("10.0.0.1:7010", config.dataAddress());
        assertEquals(CONTROL, config.controlEndpoints());
    }

    @Test
    void gatewayReadsItsExample() {
        var config = NbdGatewayConfig.fromHocon(example("gateway"));
        assertEquals(2, config.listen().size());
        assertEquals(CONTROL, config.controlEndpoints());
        assertEquals(List.of(), config.exports());
    }

    private static Config example(String server) {
        return ConfigFactory.parseFile(
                        House.ROOT.resolve("deploy/examples/" + server + ".conf").toFile())
                .resolve();
    }
}
