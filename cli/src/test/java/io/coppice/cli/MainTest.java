package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.coppice.wire.pb.Code;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Commands as scripts see them: exit codes, stdout, one line on stderr.
class MainTest {
    private record Ended(int exitCode, String out, String err) {}

    @TempDir Path dir;

    private FakeQuorum quorum;

    @BeforeEach
    void start() throws IOException {
        quorum = new FakeQuorum();
    }

    @AfterEach
    void stop() {
        quorum.close();
    }

    private Ended run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--endpoint", quorum.endpoint()));
        return runBare(all.toArray(new String[0]));
    }

    private static Ended runBare(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Ended(exitCode, out.toString(), err.toString());
    }

    private static void assertRefused(int exitCode, Ended ended) {
        assertEquals(exitCode, ended.exitCode(), ended.err());
        assertEquals("", ended.out());
        assertEquals(1, ended.err().lines().count(), ended.err());
        assertTrue(ended.err().startsWith("coppice: "), ended.err());
    }

    @Test
    void createsListsShowsAndRemoves() {
        assertEquals(0, run("volume", "create", "b", "--size", "1G").exitCode());
        assertEquals(0, run("volume", "create", "a", "--size", "4K").exitCode());
        JsonArray listed =
                JsonParser.parseString(run("-o", "json", "volume", "ls").out()).getAsJsonArray();
        assertEquals("a", listed.get(0).getAsJsonObject().get("name").getAsString());
        assertEquals(1L << 30, listed.get(1).getAsJsonObject().get("size").getAsLong());
        JsonObject shown =
                JsonParser.parseString(run("volume", "show", "a", "-o", "json").out())
                        .getAsJsonObject();
        for (String field :
                List.of(
                        "name",
                        "id",
                        "size",
                        "generation",
                        "mapped_bytes",
                        "own_bytes",
                        "shared_bytes",
                        "origin",
                        "created",
                        "expires",
                        "labels")) {
            assertTrue(shown.has(field), field);
        }
        assertEquals(0, run("volume", "rm", "a", "--now").exitCode());
        assertTrue(quorum.commands.getLast().getDeleteVolume().getNow());
        assertRefused(4, run("volume", "show", "a"));
    }

    @Test
    void statusHasTheNamesThatScriptsRelyOn() {
        JsonObject status =
                JsonParser.parseString(run("status", "-o", "json").out()).getAsJsonObject();
        assertEquals("ok", status.get("health").getAsString());
        assertEquals("127.0.0.1:1", status.get("leader").getAsString());
        assertEquals(8, status.getAsJsonObject("groups").get("healthy").getAsInt());
        assertEquals(5, status.getAsJsonObject("repair").get("bytes_left").getAsInt());
        assertEquals(6, status.getAsJsonObject("repair").get("eta_seconds").getAsInt());
    }

    @Test
    void cloneCountsUpAndTellsHowLongItTook() {
        Ended ended =
                run("clone", "golden@v1", "vm", "--count", "3", "--ttl", "12h", "--label", "k=v");
        assertEquals(0, ended.exitCode(), ended.err());
        var command = quorum.commands.getLast().getCreateClones();
        assertEquals(List.of("vm-0001", "vm-0002", "vm-0003"), command.getNamesList());
        assertEquals("v1", command.getSnapshot());
        assertEquals("v", command.getLabelsOrThrow("k"));
        assertEquals(12 * 3600_000L, command.getTtlMillis());
        assertTrue(
                ended.out()
                        .startsWith(
                                "cloned golden@v1 to 3 volumes, vm-0001 to vm-0003 in 1.2 ms (leader), "),
                ended.out());
    }

    @ParameterizedTest
    @CsvSource({
        "CODE_BAD_REQUEST, 2",
        "CODE_NOT_FOUND, 4",
        "CODE_EXISTS, 5",
        "CODE_CONFLICT, 5",
        "CODE_NOT_ALLOWED, 6",
        "CODE_NO_SPACE, 7",
        "CODE_INTERNAL, 1",
        "CODE_STALE, 1"
    })
    void everyRefusalHasItsExitCode(Code code, int exitCode) {
        quorum.refusal = code;
        Ended ended = run("volume", "create", "a", "--size", "1G");
        assertRefused(exitCode, ended);
        assertEquals("coppice: refused: " + code + System.lineSeparator(), ended.err());
    }

    @Test
    void metadataServersAreListedAddedAndRemoved() {
        Ended listed = run("-o", "json", "metadata", "ls");
        assertEquals(0, listed.exitCode());
        for (String part :
                List.of("\"id\"", "\"m1\"", "\"role\"", "\"leader\"", "\"commit_index\"", "17")) {
            assertTrue(listed.out().contains(part), listed.out());
        }
        assertEquals(0, run("metadata", "add", "m4", "h4:7000", "h4:7001").exitCode());
        var added = quorum.commands.getLast().getAddMetadataServer();
        assertEquals("m4", added.getId());
        assertEquals("h4:7000", added.getRaftAddress());
        assertEquals("h4:7001", added.getControlAddress());
        assertEquals(0, run("metadata", "remove", "m1").exitCode());
        assertEquals("m1", quorum.commands.getLast().getRemoveMetadataServer().getId());
        quorum.refusal = Code.CODE_CONFLICT;
        assertRefused(5, run("metadata", "remove", "m2"));
    }

    @Test
    void theSameNameTwiceIsAConflict() {
        run("volume", "create", "a", "--size", "1G");
        assertRefused(5, run("volume", "create", "a", "--size", "1G"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "volume",
                "volume create",
                "volume create a",
                "volume create a --size 0",
                "volume create a --size 4097",
                "volume create a --size 8EiB",
                "volume create a --size -4096",
                "volume create a@b --size 4096",
                "volume create ../a --size 4096",
                "volume create a b --size 4096",
                "volume create a --size 4096 --label x",
                "volume resize a 0",
                "volume resize a -4096",
                "volume lss",
                "metadata add m4",
                "metadata add m4 nowhere h4:7001",
                "metadata remove",
                "volume ls -o xml",
                "snapshot create a",
                "snapshot create a@",
                "snapshot rm a",
                "clone a b --count 0",
                "clone a b --count many",
                "clone a b --ttl soon",
                "clone a",
                "diff a",
                "nosuch",
                "up --nbd nowhere",
                "up --metadata 2",
                "up --nodes 2 --replicas 3",
                "up --nodes 0",
                "bench --rw sideways",
                "server metadata"
            })
    void wrongUsageIsExitCodeTwo(String command) {
        String isolated =
                command.startsWith("up") ? command + " --dir " + dir.resolve("d") : command;
        Ended ended = run(isolated.split(" "));
        assertRefused(2, ended);
        assertEquals(List.of(), quorum.commands);
    }

    @Test
    void aClusterThatDoesNotAnswerIsExitCodeThree() {
        String endpoint = quorum.endpoint();
        quorum.close();
        assertRefused(3, runBare("volume", "ls", "--endpoint", endpoint, "--timeout", "300ms"));
    }

    @Test
    void whyThereIsNoAnswerIsToldWithoutTheInsidesOfTheTransport() throws IOException {
        Ended refused = runBare("volume", "ls", "--endpoint", "127.0.0.1:1", "--timeout", "300ms");
        assertRefused(3, refused);
        assertEquals(
                "coppice: the cluster did not answer within 300 ms (127.0.0.1:1: cannot connect,"
                        + " nothing listens there)",
                refused.err().strip());
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + silent.getLocalPort();
            Ended unheard = runBare("volume", "ls", "--endpoint", address, "--timeout", "300ms");
            assertRefused(3, unheard);
            assertEquals(
                    "coppice: the cluster did not answer within 300 ms ("
                            + address
                            + ": no answer)",
                    unheard.err().strip());
        }
    }

    @Test
    void settingsThatAreNoTextAreToldAsThat() throws IOException {
        Path file = dir.resolve("bytes.conf");
        Files.write(file, new byte[] {(byte) 0xfe, (byte) 0xff, 0, 1});
        Ended ended = runBare("volume", "ls", "--config", file.toString());
        assertRefused(1, ended);
        assertTrue(ended.err().contains("UTF-8"), ended.err());
    }

    @Test
    void aPlaceThatCannotHoldAClusterIsToldInWords() throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "");
        Ended ended = runBare("up", "--detach", "--dir", file.toString());
        assertRefused(1, ended);
        assertFalse(ended.err().contains("Exception"), ended.err());
    }

    @Test
    void commandsOfTheLauncherAreNotOffered() {
        Ended ended = runBare();
        assertRefused(2, ended);
        assertTrue(ended.err().contains("volume, trash, snapshot"), ended.err());
        assertFalse(ended.err().contains("train"), ended.err());
    }

    @Test
    void aFollowerThatKnowsNoLeaderIsExitCodeThree() {
        quorum.refusal = Code.CODE_UNAVAILABLE;
        assertRefused(3, run("volume", "create", "a", "--size", "1G", "--timeout", "300ms"));
    }

    @Test
    void endpointsComeFromTheSettings() throws IOException {
        Path file = dir.resolve("coppice.conf");
        Files.writeString(
                file, "endpoint = [\"" + quorum.endpoint() + "\"]\noutput = json\ntimeout = 5s\n");
        Ended ended = runBare("--config", file.toString(), "volume", "ls");
        assertEquals("[]" + System.lineSeparator(), ended.out(), ended.err());
    }

    @Test
    void brokenSettingsAreToldInOneLine() throws IOException {
        Path file = dir.resolve("coppice.conf");
        Files.writeString(file, "endpoint = { [");
        Ended ended = runBare("--config", file.toString(), "volume", "ls");
        assertRefused(1, ended);
        assertTrue(ended.err().contains(file.toString()), ended.err());
        assertRefused(1, runBare("--config", dir.resolve("none").toString(), "volume", "ls"));
    }

    @Test
    void quietLeavesRemarksOutAndResultsIn() {
        assertEquals("", run("--quiet", "volume", "create", "a", "--size", "1G").out());
        assertTrue(run("--quiet", "volume", "ls").out().contains("1 GiB"));
    }

    @Test
    void helpAndCompletionGoToStdout() {
        assertTrue(runBare("volume", "create", "--help").out().contains("--size"));
        assertTrue(runBare("--version").out().startsWith("coppice "));
        assertTrue(run("completion").out().contains("complete"));
    }

    @Test
    void downWithoutAClusterIsDone() {
        Ended ended = runBare("down", "--dir", dir.resolve("none").toString());
        assertEquals(0, ended.exitCode(), ended.err());
    }

    @Test
    void importOfAMissingFileIsToldInOneLine() {
        Ended ended = run("import", dir.resolve("none.img").toString(), "a");
        assertRefused(1, ended);
        assertTrue(ended.err().contains("none.img"), ended.err());
    }
}
