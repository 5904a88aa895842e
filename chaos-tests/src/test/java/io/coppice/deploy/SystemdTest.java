package io.coppice.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The units, as systemd itself reads them.
class SystemdTest {
    private static final Map<String, String> EXAMPLES =
            Map.of("metadata", "meta1", "node", "node1", "gateway", "nbd");
    private static final Pattern START = Pattern.compile("(?m)^ExecStart=(.*)$");

    /// Of 100, more is worse: a service without any hardening has 96.
    private static final String EXPOSURE_MAX = "20";

    @TempDir Path dir;

    @Test
    void systemdAcceptsThem() throws Exception {
        for (Map.Entry<String, String> server : EXAMPLES.entrySet()) {
            Path unit = installed(server.getKey(), server.getValue());
            String said = Tool.run(dir, "systemd-analyze", "--man=no", "verify", unit.toString());
            assertEquals("", said, unit.toString());
        }
    }

    @Test
    void theyExposeLittle() throws Exception {
        for (Map.Entry<String, String> server : EXAMPLES.entrySet()) {
            Path unit = installed(server.getKey(), server.getValue());
            Tool.run(
                    dir,
                    "systemd-analyze",
                    "security",
                    "--no-pager",
                    "--offline=true",
                    "--threshold=" + EXPOSURE_MAX,
                    unit.toString());
        }
    }

    /// Where the examples keep something, the unit may write.
    @Test
    void theyMayWriteWhereTheExamplesDo() throws Exception {
        for (String kind : EXAMPLES.keySet()) {
            ServerFile server =
                    ServerFile.read(
                            kind,
                            Deployed.text(Deployed.file("examples/" + kind + ".conf")),
                            Map.of());
            String unit = unit(kind);
            for (String place : server.places()) {
                String top = place.substring(0, place.indexOf('/', 1) + 1);
                boolean may =
                        switch (top) {
                            case "/var/" ->
                                    place.startsWith("/var/lib/coppice/")
                                            && unit.contains("\nStateDirectory=coppice/%i\n");
                            case "/srv/" -> unit.contains("\nReadWritePaths=-/srv\n");
                            case "/run/" ->
                                    place.startsWith("/run/coppice/")
                                            && unit.contains("\nRuntimeDirectory=coppice\n");
                            default -> false;
                        };
                assertTrue(may, kind + " writes to " + place);
            }
        }
    }

    @Test
    void theyStartTheServerThatTheyAreNamedAfter() {
        for (String kind : EXAMPLES.keySet()) {
            assertEquals(
                    List.of(
                            "/opt/coppice/coppice server "
                                    + kind
                                    + " --config /etc/coppice/%i.conf --name %i"),
                    START.matcher(unit(kind)).results().map(found -> found.group(1)).toList());
        }
    }

    private static String unit(String kind) {
        return Deployed.text(Deployed.file("systemd/coppice-" + kind + "@.service"));
    }

    /// With this checkout's launcher, as systemd looks whether it is there, and with a name.
    private Path installed(String kind, String name) throws IOException {
        Files.writeString(
                dir.resolve("coppice-" + kind + "@.service"),
                unit(kind).replace("/opt/coppice/", Deployed.ROOT + "/"));
        return dir.resolve("coppice-" + kind + "@" + name + ".service");
    }
}
