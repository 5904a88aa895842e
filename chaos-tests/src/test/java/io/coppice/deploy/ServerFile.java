package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.node.StorageNodeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// A server's configuration, as `coppice server KIND` reads it, and the ports that it opens.
///
/// @param kind `metadata`, `node` or `gateway`
/// @param ports names as the manifests use them
/// @param control the metadata servers that it speaks with, or is one of
/// @param places folders that it writes to
/// @param tls its credentials directory
record ServerFile(
        String kind,
        String name,
        Map<String, Integer> ports,
        List<String> control,
        List<String> places,
        String tls) {

    /// Refuses keys that the server does not read.
    ///
    /// @param environment what the file may name as `${NAME}`
    static ServerFile read(String kind, String text, Map<String, String> environment)
            throws Exception {
        Config file =
                ConfigFactory.parseString(text).resolveWith(ConfigFactory.parseMap(environment));
        var asked = new AskedConfig(file);
        ServerFile server =
                switch (kind) {
                    case "metadata" -> metadata(MetadataServerConfig.fromHocon(asked.config()));
                    case "node" -> node(StorageNodeConfig.fromHocon(asked.config()));
                    case "gateway" -> gateway(NbdGatewayConfig.fromHocon(asked.config()));
                    default ->
                            throw new AssertionError("there is no 'coppice server " + kind + "'");
                };
        assertEquals(List.of(), asked.ignored(), "keys that no " + kind + " reads");
        return server;
    }

    private static ServerFile metadata(MetadataServerConfig config) {
        assertEquals(
                new TreeSet<>(config.raftPeers().keySet()),
                new TreeSet<>(config.controlPeers().keySet()));
        return new ServerFile(
                "metadata",
                config.id(),
                ports(
                        Map.of(
                                "raft", config.raftAddress(),
                                "control", config.controlAddress(),
                                "http", config.httpAddress())),
                new TreeMap<>(config.controlPeers()).values().stream().toList(),
                List.of(config.dir().toString()),
                config.tls().orElseThrow().toString());
    }

    private static ServerFile node(StorageNodeConfig config) {
        return new ServerFile(
                "node",
                config.name(),
                ports(Map.of("data", config.dataAddress(), "http", config.httpAddress())),
                config.controlEndpoints(),
                config.stores().stream().map(Object::toString).toList(),
                config.tls().orElseThrow().toString());
    }

    private static ServerFile gateway(NbdGatewayConfig config) {
        var addresses = new TreeMap<String, String>();
        addresses.put("http", config.httpAddress());
        var sockets = new ArrayList<String>();
        for (String listen : config.listen()) {
            if (listen.startsWith("unix:")) {
                sockets.add(listen.substring("unix:".length()));
            } else {
                addresses.put("nbd", listen);
            }
        }
        return new ServerFile(
                "gateway",
                "",
                ports(addresses),
                config.controlEndpoints(),
                sockets,
                config.tls().orElseThrow().toString());
    }

    private static Map<String, Integer> ports(Map<String, String> addresses) {
        var ports = new TreeMap<String, Integer>();
        addresses.forEach((name, address) ->
                ports.put(name, Integer.parseInt(address.substring(address.lastIndexOf(':') + 1))));
        return ports;
    }
}
