package io.coppice.cli;

import static io.coppice.cli.OneCluster.dir;
import static io.coppice.cli.OneCluster.json;
import static io.coppice.cli.OneCluster.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Ends, policies, quotas, versions and the audit log, in the words of the command line.
@ExtendWith(OneCluster.class)
@Timeout(300)
class GovernanceTest {
    private static final int BYTES = 1 << 20;

    private static JsonObject volume(String name) {
        return json("volume", "show", name).getAsJsonObject();
    }

    private static Path image(String name, int value) throws IOException {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) value);
        return Files.write(dir().resolve(name), bytes);
    }

    private static int first(String volume) throws IOException {
        Path out = dir().resolve("out-of-" + volume);
        run(0, "export", volume, out.toString());
        byte[] bytes = Files.readAllBytes(out);
        Files.delete(out);
        return bytes[0];
    }

    private static List<JsonObject> objects(String lines) {
        return lines.lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    }

    private static boolean has(JsonElement list, String field, String value) {
        return StreamSupport.stream(list.getAsJsonArray().spliterator(), false)
                .anyMatch(each -> each.getAsJsonObject().get(field).getAsString().equals(value));
    }

    @Test
    void endsAreSetPutOffAndTakenBack() {
        run(0, "volume", "create", "prod", "--size", "1G");
        run(0, "clone", "prod", "gone", "--count", "2", "--ttl", "12h");
        Instant end = Instant.parse(volume("gone-0002").get("expires").getAsString());
        assertTrue(end.isAfter(Instant.now().plus(Duration.ofHours(11))), end.toString());
        run(2, "volume", "set", "gone-0001");
        run(2, "volume", "set", "gone-0001", "--ttl", "1h", "--expires", "never");
        run(2, "volume", "set", "gone-0001", "--expires", "2001-01-01T00:00:00Z");
        run(2, "clone", "prod", "past", "--expires", "yesterday");
        run(0, "volume", "set", "gone-0001", "gone-0002", "--ttl", "2d");
        Instant later = Instant.parse(volume("gone-0001").get("expires").getAsString());
        assertTrue(later.isAfter(end), later.toString());
        run(0, "volume", "set", "gone-0001", "--expires", "never", "--label", "team=a");
        assertTrue(volume("gone-0001").get("expires").isJsonNull());
        assertEquals("a", volume("gone-0001").getAsJsonObject("labels").get("team").getAsString());

        run(0, "volume", "set", "gone-0001", "--protect");
        assertTrue(run(5, "volume", "rm", "gone-0001", "--now").contains("--unprotect"));
        run(0, "volume", "set", "gone-0001", "--unprotect", "--unlabel", "team");
        run(0, "volume", "set", "gone-0002", "--archive");
        assertTrue(
                run(5, "bench", "gone-0002", "--rw", "write", "--time", "10ms")
                        .contains("archive"));
        run(0, "volume", "set", "gone-0002", "--unarchive");
        run(0, "snapshot", "create", "prod@s", "--ttl", "1h");
        run(0, "snapshot", "set", "prod@s", "--protect", "--expires", "never");
        run(5, "snapshot", "rm", "prod@s");
        run(0, "snapshot", "set", "prod@s", "--unprotect");
        run(0, "volume", "rm", "prod", "gone-0001", "gone-0002", "--now");
    }

    @Test
    void policiesAreFollowedByProjectsAndVolumes() {
        String policy =
                run(
                        0,
                        "policy",
                        "set",
                        "nightly",
                        "--daily",
                        "7",
                        "--at",
                        "02:00",
                        "--hourly",
                        "3");
        assertTrue(policy.contains("daily every 1d"), policy);
        run(2, "policy", "set", "bad", "--at", "25:00");
        run(2, "policy", "set", "bad", "--every", "often=1s/3");
        run(2, "policy", "set", "bad", "--idle", "1d", "--warn", "2d");
        run(0, "policy", "set", "short", "--ttl-max", "7d", "--idle", "3d", "--warn", "1d");
        assertTrue(has(json("policy", "ls"), "name", "nightly"));
        run(4, "project", "set", "team", "--policy", "none-such");
        run(0, "project", "set", "team", "--policy", "short");
        assertTrue(has(json("project", "ls"), "name", "team"));

        run(0, "volume", "create", "base", "--size", "1G");
        run(0, "volume", "set", "base", "--policy", "nightly");
        assertEquals("nightly", volume("base").get("policy").getAsString());
        JsonElement plan = json("policy", "plan", "--within", "25h");
        assertTrue(has(plan, "action", "create snapshot"), plan.toString());
        run(6, "clone", "base", "forever", "--project", "team");
        run(6, "clone", "base", "long", "--project", "team", "--ttl", "8d");
        run(0, "clone", "base", "short-lived", "--project", "team", "--ttl", "2d");
        run(6, "volume", "set", "short-lived", "--protect");
        plan = json("policy", "plan", "--within", "3d");
        assertTrue(has(plan, "target", "short-lived"), plan.toString());
        run(0, "volume", "set", "base", "--confine");
        run(6, "clone", "base", "outside", "--project", "team", "--ttl", "1d");
        run(5, "policy", "rm", "nightly");
        run(5, "project", "rm", "team");
        run(0, "volume", "rm", "short-lived", "base", "--now");
        run(0, "project", "rm", "team");
        run(0, "policy", "rm", "nightly");
        run(0, "policy", "rm", "short");
        run(4, "policy", "rm", "short");
    }

    @Test
    void aQuotaIsNotCrossed() {
        run(4, "quota", "set", "lab", "--clones", "2");
        run(0, "project", "set", "lab");
        run(2, "quota", "set", "lab");
        run(2, "quota", "set", "lab", "--clones", "many");
        run(0, "quota", "set", "lab", "--clones", "3", "--clones-per-source", "2");
        run(0, "quota", "set", "lab", "--provisioned", "4G");
        run(2, "quota", "set", "lab", "--own", "much");
        run(0, "quota", "set", "lab", "--own", "1T");
        assertTrue(run(0, "quota", "ls").contains(" of 1 TiB"));
        run(0, "volume", "create", "seed", "--size", "1G", "--project", "lab");
        String refused = run(7, "clone", "seed", "many", "--count", "3");
        assertTrue(refused.contains("clones of one source"), refused);
        run(0, "clone", "seed", "many", "--count", "2");
        run(7, "volume", "create", "wide", "--size", "2G", "--project", "lab");
        run(7, "volume", "resize", "seed", "3G");
        JsonObject lab =
                StreamSupport.stream(json("quota", "ls").getAsJsonArray().spliterator(), false)
                        .map(JsonElement::getAsJsonObject)
                        .filter(each -> each.get("project").getAsString().equals("lab"))
                        .findFirst()
                        .orElseThrow();
        assertEquals(2, lab.get("clones").getAsInt());
        assertEquals(3L << 30, lab.get("provisioned_bytes").getAsLong());
        assertEquals(4L << 30, lab.get("quota_provisioned_bytes").getAsLong());
        assertEquals(1L << 40, lab.get("quota_own_bytes").getAsLong());
        run(0, "volume", "rm", "seed", "many-0001", "many-0002", "--now");
        run(0, "project", "rm", "lab");
    }

    @Test
    void whatIsWhoseOwnIsTold() throws IOException {
        run(0, "import", image("whole", 3).toString(), "ground");
        run(0, "clone", "ground", "plot");
        run(0, "snapshot", "create", "ground@kept");
        run(2, "usage", "--freed-by");
        run(2, "usage", "plot", "--freed-by", "ground");
        run(2, "usage", "--history");
        run(4, "usage", "--freed-by", "ground", "ground@none");
        JsonObject one = json("usage", "--freed-by", "ground").getAsJsonObject();
        assertEquals(0, one.get("freed_bytes").getAsLong());
        JsonObject all = json("usage", "--freed-by", "ground", "plot").getAsJsonObject();
        assertEquals(BYTES, all.get("freed_bytes").getAsLong());
        assertEquals(3L * BYTES, all.get("freed_raw_bytes").getAsLong());
        assertTrue(run(0, "usage", "--freed-by", "ground", "plot").contains("1 MiB"));
        run(0, "bench", "plot", "--rw", "write", "--size", "64K", "--time", "100ms");
        JsonObject plot = json("usage", "plot", "--history").getAsJsonObject();
        long own = plot.get("own_bytes").getAsLong();
        assertTrue(own > 0 && own <= 64 << 10, "own: " + own);
        assertTrue(plot.get("history").isJsonArray());
        assertTrue(run(0, "usage", "plot", "--history").contains("now"));

        run(2, "policy", "set", "watch", "--divergence-alert", "130%");
        run(0, "policy", "set", "watch", "--divergence-alert", "30%");
        JsonObject watch =
                StreamSupport.stream(json("policy", "ls").getAsJsonArray().spliterator(), false)
                        .map(JsonElement::getAsJsonObject)
                        .filter(each -> each.get("name").getAsString().equals("watch"))
                        .findFirst()
                        .orElseThrow();
        assertEquals(30, watch.get("divergence_alert_percent").getAsInt());
        assertTrue(volume("plot").get("diverged").isJsonNull());
        run(0, "volume", "rm", "ground", "plot", "--now");
        run(0, "policy", "rm", "watch");
    }

    @Test
    void aVolumeBecomesWhatItsRelativesAre() throws IOException {
        run(0, "import", image("ones", 1).toString(), "origin");
        run(0, "snapshot", "create", "origin@one");
        run(0, "clone", "origin@one", "copy");
        run(0, "import", image("twos", 2).toString(), "stranger");
        run(2, "volume", "reset", "copy", "--to", "stranger");
        run(4, "volume", "reset", "origin");
        run(0, "volume", "swap", "copy", "stranger");
        assertEquals(2, first("copy"));
        assertEquals(1, first("stranger"));
        run(2, "volume", "swap", "copy", "copy");
        run(4, "volume", "swap", "copy", "nobody");
        run(0, "volume", "reset", "copy", "--keep", "two");
        assertEquals(1, first("copy"));
        assertEquals(2, first("copy@two"));
        run(5, "volume", "reset", "copy", "--to", "origin@one", "--keep", "two");
        run(0, "volume", "reset", "origin", "--to", "copy@two");
        assertEquals(2, first("origin"));
        run(0, "volume", "rm", "origin", "copy", "stranger", "--now");
        assertTrue(json("check", "--deep").getAsJsonObject().get("clean").getAsBoolean());
    }

    /// Somebody else's refusals: of one principal not more than some are told each minute.
    @Test
    void theAuditLogTellsWhatWasDoneAndRefusedAndIsVerified() {
        Path teller = dir().resolve("teller");
        run(
                0,
                "cert",
                "issue",
                "teller",
                "--ca",
                OneCluster.authority().toString(),
                "--to",
                teller.toString());
        run(0, "principal", "create", "teller");
        run(0, "role", "grant", "admin", "teller", "--everywhere");
        String head = json("audit", "verify").getAsJsonObject().get("head").getAsString();
        run(0, "volume", "create", "told", "--size", "1G");
        var refused =
                OneCluster.callAs(
                        teller.toString(), List.of("volume", "create", "told", "--size", "1G"));
        assertEquals(5, refused.exitCode(), refused.text());
        run(0, "volume", "rm", "told", "--now");
        run(0, "principal", "rm", "teller");
        long from = Long.parseLong(head.substring(0, head.indexOf(':'))) + 1;
        List<JsonObject> entries =
                objects(run(0, "audit", "log", "--from", String.valueOf(from), "-o", "json"))
                        .stream()
                        .filter(entry -> entry.get("target").getAsString().equals("told"))
                        .toList();
        assertEquals(
                List.of("create volume", "create volume", "delete volume"),
                entries.stream().map(entry -> entry.get("action").getAsString()).toList());
        assertEquals("", entries.get(0).get("refusal").getAsString());
        assertTrue(entries.get(1).get("refusal").getAsString().contains("exists"));
        assertEquals("admin", entries.get(0).get("principal").getAsString());
        assertEquals("teller", entries.get(1).get("principal").getAsString());
        assertTrue(run(0, "audit", "log", "--last", "1").lines().count() == 1);
        JsonObject since = json("audit", "verify", "--after", head).getAsJsonObject();
        assertTrue(since.get("entries").getAsInt() >= 3, since.toString());
        String other = head.substring(0, head.length() - 1) + (head.endsWith("0") ? "1" : "0");
        run(1, "audit", "verify", "--after", other);
        run(2, "audit", "verify", "--after", "nonsense");
        run(2, "audit", "log", "--from", "0");
    }

    @Test
    void clonesThatNobodyMissesAreFound() {
        run(0, "volume", "create", "parent", "--size", "1G");
        run(0, "clone", "parent", "orphan");
        run(0, "clone", "parent", "minded", "--ttl", "1h");
        assertFalse(has(json("policy", "orphans", "--idle", "30d"), "name", "orphan"));
        run(0, "volume", "rm", "parent", "--now");
        JsonElement found = json("policy", "orphans", "--idle", "30d");
        assertTrue(has(found, "name", "orphan"), found.toString());
        assertFalse(has(found, "name", "minded"), found.toString());
        run(0, "volume", "rm", "orphan", "minded", "--now");
    }

    @Test
    void rightsAreGivenAndTaken() {
        run(0, "principal", "create", "alice");
        run(0, "principal", "create", "robot", "--service");
        run(5, "principal", "create", "alice");
        run(2, "principal", "create", "no body");
        run(0, "team", "create", "devs");
        run(0, "team", "add", "devs", "alice", "robot");
        run(4, "team", "add", "devs", "nobody");
        run(0, "volume", "create", "guarded", "--size", "1G");
        run(0, "role", "grant", "user,clone", "devs", "--volume", "guarded");
        run(2, "role", "grant", "root", "devs", "--volume", "guarded");
        run(2, "role", "grant", "user", "devs");
        run(2, "role", "grant", "user", "devs", "--everywhere", "--volume", "guarded");
        run(4, "role", "grant", "user", "devs", "--project", "none-such");
        JsonObject grant =
                StreamSupport.stream(
                                json("role", "ls", "--volume", "guarded")
                                        .getAsJsonArray()
                                        .spliterator(),
                                false)
                        .map(JsonElement::getAsJsonObject)
                        .filter(each -> each.get("principal").getAsString().equals("devs"))
                        .findFirst()
                        .orElseThrow();
        assertEquals(3, grant.getAsJsonArray("rights").size());
        assertTrue(run(0, "role", "ls").contains("read,write,clone"));
        assertTrue(has(json("principal", "ls"), "name", "gateway"));
        assertTrue(run(0, "team", "ls").contains("alice robot"));

        run(0, "role", "revoke", "clone", "devs", "--volume", "guarded");
        run(0, "team", "remove", "devs", "robot");
        run(0, "principal", "rename", "robot", "android");
        assertTrue(run(0, "role", "ls", "--principal", "devs").contains("user"));
        run(5, "principal", "rm", "admin");
        run(0, "principal", "rm", "android");
        run(0, "team", "rm", "devs");
        assertFalse(has(json("role", "ls", "--volume", "guarded"), "principal", "devs"));
        assertTrue(json("whoami").getAsJsonObject().get("authenticated").getAsBoolean());
        assertTrue(run(0, "whoami").contains("admin"));
        run(0, "principal", "rm", "alice");
        run(0, "volume", "rm", "guarded", "--now");
    }
}
