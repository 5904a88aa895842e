package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Walks every cell of the table in docs/replica-states.md: the page and the state machine say the
/// same.
class ReplicaStatesTest {
    private static final Path PAGE = Path.of("..", "docs", "replica-states.md");
    private static final int GROUP = 0;
    private static final int FIRST = 1;
    private static final int SECOND = 2;
    private static final int IT = 3;

    /// Another store of its node, which has no part in the group.
    private static final int SPARE = 4;

    private static final long EPOCH = 7;
    private static final List<String> EVENTS =
            List.of(
                    "its node is lost",
                    "its store is lost",
                    "it failed",
                    "it failed, of an old epoch",
                    "it returns",
                    "it returns, longest",
                    "it returns, shorter",
                    "it restarts",
                    "it restarts, longest",
                    "it restarts, shorter",
                    "it has caught up",
                    "it has caught up, of an old epoch",
                    "the grace is over",
                    "the grace is over, longest",
                    "the grace is over, shorter",
                    "the grace is over, it is away",
                    "it is put first",
                    "another is put first",
                    "another's node is lost",
                    "another returns",
                    "another has caught up");

    private record Row(String event, String others, List<String> cells) {}

    // ------------------------------------------------------------ the page

    private static List<Row> table() throws IOException {
        var rows = new ArrayList<Row>();
        List<String> lines = Files.readAllLines(PAGE);
        int head = lines.indexOf(heading());
        assertTrue(head >= 0, "the table has a column for each state, in their order");
        for (String line : lines.subList(head + 2, lines.size())) {
            if (!line.startsWith("|")) {
                break;
            }
            List<String> cells =
                    Arrays.stream(line.split("\\|")).skip(1).map(String::trim).toList();
            rows.add(new Row(cells.get(0), cells.get(1), cells.subList(2, cells.size())));
        }
        return rows;
    }

    /// States as people meet them; a state that is added to the code needs a column.
    private static List<ReplicaState> columns() {
        var columns =
                List.of(
                        ReplicaState.SERVING,
                        ReplicaState.SYNCING,
                        ReplicaState.DOWN,
                        ReplicaState.LAST,
                        ReplicaState.DRAINING);
        assertEquals(ReplicaState.values().length, columns.size());
        return columns;
    }

    private static String heading() {
        return "| event | others | "
                + String.join(" | ", columns().stream().map(Enum::name).toList())
                + " |";
    }

    @Test
    void everyEventIsInTheTableAndEveryCellIsFilled() throws IOException {
        List<Row> rows = table();
        assertEquals(EVENTS, rows.stream().map(Row::event).distinct().toList());
        assertEquals(
                rows.size(),
                rows.stream().map(row -> row.event + row.others).distinct().count(),
                "each case once");
        rows.forEach(row -> assertEquals(columns().size(), row.cells.size(), row.toString()));
    }

    @TestFactory
    Stream<DynamicTest> cells() throws IOException {
        return table().stream()
                .flatMap(row ->
                        columns().stream()
                                .map(state ->
                                        DynamicTest.dynamicTest(
                                                row.event + " | " + row.others + " | " + state,
                                                () -> walk(row, state))));
    }

    private static void walk(Row row, ReplicaState state) {
        String cell = row.cells.get(columns().indexOf(state));
        var tables = new Tables(new CaptureGate());
        tables.config = Cluster.config(1);
        Group before = place(tables, row, state);
        Outcome outcome = happen(new NodeCommands(tables), row.event);
        Group after = Objects.requireNonNull(tables.groups.get(GROUP));
        assertEquals(cell, told(before, after, outcome));
    }

    /// What happened, in the words of the page.
    private static String told(Group before, Group after, Outcome outcome) {
        if (outcome instanceof Outcome.Refused) {
            assertEquals(before, after);
            return "refused";
        }
        if (before.epoch() == after.epoch()) {
            assertEquals(stores(before), stores(after));
            assertEquals(states(before), states(after), "a change without a new epoch");
            return "same";
        }
        assertTrue(after.epoch() > before.epoch());
        String text = state(after, IT).name();
        if (states(before)
                .subList(0, 2)
                .equals(List.of(state(after, FIRST), state(after, SECOND)))) {
            boolean first = stores(after).getFirst() == IT;
            return first ? text + " first" : text;
        }
        return text + " (" + state(after, FIRST) + ", " + state(after, SECOND) + ")";
    }

    private static List<Integer> stores(Group group) {
        return group.replicas().stream().map(Replica::store).toList();
    }

    private static List<ReplicaState> states(Group group) {
        return group.replicas().stream().map(Replica::state).toList();
    }

    private static ReplicaState state(Group group, int store) {
        return group.replica(store).orElseThrow().state();
    }

    // ------------------------------------------------------------ before

    private static Group place(Tables tables, Row row, ReplicaState state) {
        String[] others = row.others.split(", ");
        assertEquals(2, others.length, row.others);
        boolean itIsAway = row.event.endsWith("it is away");
        var replicas = new ArrayList<Replica>();
        for (int store = FIRST; store <= SECOND; store++) {
            String[] words = others[store - 1].split(" ");
            boolean away = words.length == 2 && words[1].equals("away");
            assertTrue(away || words.length == 1, row.others);
            addNode(tables, store, !away);
            replicas.add(new Replica(store, ReplicaState.valueOf(words[0]), at(50)));
        }
        addNode(tables, IT, !itIsAway);
        tables.stores.put(SPARE, new Store(SPARE, "spare", IT, 1L << 40, !itIsAway));
        replicas.add(new Replica(IT, state, at(length(row.event))));
        var group = new Group(GROUP, EPOCH, replicas, 1);
        tables.groups.put(GROUP, group);
        return group;
    }

    private static void addNode(Tables tables, int id, boolean up) {
        tables.storageNodes.put(id, new Node(id, "node" + id, "h:1", "h:2", 1, 1, "", up));
        tables.stores.put(id, new Store(id, "store" + id, id, 1L << 40, up));
        tables.nextNode = id + 1;
        tables.nextStore = SPARE + 1;
    }

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    private static long length(String event) {
        return event.endsWith("longest") ? 99 : event.endsWith("shorter") ? 7 : 50;
    }

    // ------------------------------------------------------------ the event

    private static Outcome happen(NodeCommands commands, String event) {
        return switch (event) {
            case "its node is lost" -> commands.lost(new Command.NodeLost(IT, 1));
            case "its store is lost" -> commands.register(registration(IT, 1, List.of("spare"), 0));
            case "it failed" -> commands.failed(new Command.ReplicaFailed(GROUP, EPOCH, IT, "why"));
            case "it failed, of an old epoch" ->
                    commands.failed(new Command.ReplicaFailed(GROUP, EPOCH - 1, IT, "why"));
            case "it returns", "it returns, longest", "it returns, shorter" ->
                    commands.register(
                            registration(IT, 1, List.of("store3", "spare"), length(event)));
            case "it restarts", "it restarts, longest", "it restarts, shorter" ->
                    commands.register(
                            registration(IT, 2, List.of("store3", "spare"), length(event)));
            case "it has caught up" -> commands.synced(new Command.ReplicaSynced(GROUP, EPOCH, IT));
            case "it has caught up, of an old epoch" ->
                    commands.synced(new Command.ReplicaSynced(GROUP, EPOCH - 1, IT));
            case "the grace is over",
                    "the grace is over, longest",
                    "the grace is over, shorter",
                    "the grace is over, it is away" ->
                    commands.electLast(new Command.ElectLast(GROUP));
            case "it is put first" ->
                    commands.movePrimary(new Command.MovePrimary(GROUP, EPOCH, IT));
            case "another is put first" ->
                    commands.movePrimary(new Command.MovePrimary(GROUP, EPOCH, SECOND));
            case "another's node is lost" -> commands.lost(new Command.NodeLost(FIRST, 1));
            case "another returns" ->
                    commands.register(registration(FIRST, 1, List.of("store1"), 50));
            case "another has caught up" ->
                    commands.synced(new Command.ReplicaSynced(GROUP, EPOCH, FIRST));
            default -> throw new AssertionError("the test does not know the event: " + event);
        };
    }

    private static Command.RegisterNode registration(
            int node, long incarnation, List<String> stores, long sequence) {
        var reports =
                stores.stream()
                        .map(uuid ->
                                new Command.StoreReport(
                                        uuid,
                                        1L << 40,
                                        List.of(new Command.GroupPosition(GROUP, at(sequence)))))
                        .toList();
        return new Command.RegisterNode(
                "node" + node, "h:1", "h:2", incarnation, 1, "", "", reports);
    }
}
