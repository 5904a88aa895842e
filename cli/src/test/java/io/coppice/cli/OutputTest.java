package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.JsonParser;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.VolumeInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class OutputTest {
    private static final VolumeInfo VOLUME =
            VolumeInfo.newBuilder()
                    .setName("vm-1")
                    .setId(7)
                    .setSize(1L << 30)
                    .setGeneration(2)
                    .setMappedChunks(3)
                    .setOwnChunks(1)
                    .setMappedBytes(12 << 20)
                    .setOwnBytes(4 << 20)
                    .setSharedBytes(8 << 20)
                    .setOrigin("golden@v1")
                    .setCreatedMillis(1_700_000_000_123L)
                    .putLabels("team", "a \"b\"")
                    .setState("active")
                    .setDivergence(1 / 3.0)
                    .setProject("dev")
                    .setPolicy("nightly")
                    .build();

    @Test
    void volumeHasTheNamesThatScriptsRelyOn() {
        assertEquals(
                """
                {
                  "name": "vm-1",
                  "id": 7,
                  "size": 1073741824,
                  "generation": 2,
                  "mapped_bytes": 12582912,
                  "own_bytes": 4194304,
                  "shared_bytes": 8388608,
                  "origin": "golden@v1",
                  "created": "2023-11-14T22:13:20.123Z",
                  "expires": null,
                  "labels": {
                    "team": "a \\"b\\""
                  },
                  "state": "active",
                  "deleted": null,
                  "mapped_chunks": 3,
                  "own_chunks": 1,
                  "divergence_percent": 33.33,
                  "project": "dev",
                  "owner": null,
                  "protected": false,
                  "confined": false,
                  "policy": "nightly",
                  "last_used": null,
                  "warned": null,
                  "archived": null,
                  "diverged": null,
                  "key": null,
                  "key_wrapped_by": null,
                  "data_key": null,
                  "key_erased": false
                }\
                """,
                Json.write(Views.volume(VOLUME)));
    }

    @Test
    void groupHasTheNamesThatScriptsRelyOn() {
        GroupInfo group =
                GroupInfo.newBuilder()
                        .setId(4)
                        .setEpoch(9)
                        .setState("degraded")
                        .setPrimary(2)
                        .addReplicas(
                                ReplicaInfo.newBuilder()
                                        .setStore(2)
                                        .setNode(1)
                                        .setAddress("127.0.0.1:1")
                                        .setState(ReplicaState.REPLICA_SERVING))
                        .addReplicas(
                                ReplicaInfo.newBuilder()
                                        .setStore(3)
                                        .setState(ReplicaState.REPLICA_DOWN))
                        .build();
        assertEquals(
                """
                id: 4
                epoch: 9
                state: degraded
                replicas:
                  - store: 2
                    state: serving
                    node: 1
                    address: "127.0.0.1:1"
                  - store: 3
                    state: down
                    node: 0
                    address: ""
                primary: 2\
                """,
                Yaml.write(Views.group(group)));
    }

    @Test
    void yamlQuotesWhatReadersWouldTakeForSomethingElse() {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("a", "no");
        data.put("b", "12");
        data.put("c", List.of());
        data.put("d", Map.of());
        data.put("e", List.of("x", List.of(1, 2)));
        assertEquals(
                """
                a: "no"
                b: "12"
                c: []
                d: {}
                e:
                  - x
                  -\s
                    - 1
                    - 2\
                """,
                Yaml.write(data));
        assertEquals("[]", Yaml.write(List.of()));
        assertEquals("\"y\"", Yaml.write(Arrays.asList("y").getFirst()));
    }

    @Property(seed = "26")
    void anyTextSurvivesJson(@ForAll String text) {
        String json = Json.write(Map.of("key", text));
        String read = JsonParser.parseString(json).getAsJsonObject().get("key").getAsString();
        assertEquals(text, read);
    }

    @Test
    void tableAlignsNumbersToTheRight() {
        assertEquals(
                """
                NAME     SIZE
                a       1 GiB
                bbb   512 MiB\
                """,
                new Table("NAME", "SIZE").row("a", "1 GiB").row("bbb", "512 MiB").toString());
    }

    @Test
    void lineageIsDrawnAsATree() {
        List<LineageEntry> entries = new ArrayList<>();
        entries.add(entry(1, 0, "base", false));
        entries.add(entry(2, 1, "base@v1", true));
        entries.add(entry(3, 2, "vm-0001", false));
        entries.add(entry(4, 2, "vm-0002", false));
        entries.add(entry(5, 1, "copy", false));
        entries.add(entry(9, 8, "stray", false));
        assertEquals(
                """
                NAME              MAPPED   OWN   SHARED  STATE
                base             100 MiB  0 B  100 MiB  volume
                ├─ base@v1       100 MiB  0 B  100 MiB  snapshot
                │  ├─ vm-0001    100 MiB  0 B  100 MiB  volume
                │  └─ vm-0002    100 MiB  0 B  100 MiB  volume
                └─ copy          100 MiB  0 B  100 MiB  volume
                stray            100 MiB  0 B  100 MiB  volume\
                """
                        .replaceAll(" +", " "),
                LineageCommand.draw(entries).replaceAll(" +", " "));
    }

    /// A stack of calls as deep as the family would overflow.
    @Test
    void lineageOfThreeThousandGenerationsIsDrawn() {
        List<LineageEntry> entries = new ArrayList<>();
        for (int id = 1; id <= 3_000; id++) {
            entries.add(entry(id, id - 1, "v" + id, false));
        }
        assertFalse(LineageCommand.draw(entries).isEmpty());
    }

    private static LineageEntry entry(long id, long parent, String name, boolean snapshot) {
        return LineageEntry.newBuilder()
                .setId(id)
                .setParent(parent)
                .setName(name)
                .setSnapshot(snapshot)
                .setMappedBytes(100 << 20)
                .setSharedBytes(100 << 20)
                .build();
    }
}
