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

    private static final int THIRD = 5;
    private static final List<Integer> OTHERS = List.of(FIRST, SECOND, THIRD);

    private static final long EPOCH = 7;
    private static final long NOW = 1_000;
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
                    "another has caught up",
                    "it is added",
                    "it is added, of an old epoch",
                    "it is added, its node has a replica",
                    "it is added, it is away",
                    "it is dropped",
                    "it is dropped, of an old epoch",
                    "it is dropped, others share a node",
                    "another is dropped",
                    "its node is drained",
                    "its drain is cancelled",
                    "its node is removed",
                    "its node is removed, it is away");

    /// The columns. Three are no states: a replica that is EQUAL is SYNCING and has everything that
    /// was ever acknowledged, one that is FLUSHED is LAST and has not, one that is DRAINING is
    /// SERVING on a node that is drained.
    private enum Shown {
        SERVING,
        SYNCING,
        EQUAL,
        DOWN,
        LAST,
        FLUSHED,
        DRAINING,
        NONE;

        static Shown of(Tables tables, Group group, int store) {
            Store at = tables.stores.get(store);
            Node node = at == null ? null : tables.storageNodes.get(at.node());
            boolean draining = node != null && node.draining();
            return group.replica(store)
                    .map(Shown::of)
                    .map(state -> state == SERVING && draining ? DRAINING : state)
                    .orElse(NONE);
        }

        private static Shown of(Replica replica) {
            return switch (replica.state()) {
                case SYNCING -> replica.equal() ? EQUAL : SYNCING;
                case LAST -> replica.equal() ? LAST : FLUSHED;
                case SERVING -> SERVING;
                case DOWN -> DOWN;
            };
        }

        Replica on(int store, Position position) {
            ReplicaState state =
                    switch (this) {
                        case EQUAL -> ReplicaState.SYNCING;
                        case FLUSHED -> ReplicaState.LAST;
                        case DRAINING -> ReplicaState.SERVING;
                        default -> ReplicaState.valueOf(name());
                    };
            return new Replica(store, state, position, this == EQUAL || this == LAST, false);
        }
    }

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

    private static String heading() {
        return "| event | others | "
                + String.join(" | ", Arrays.stream(Shown.values()).map(Enum::name).toList())
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
        rows.forEach(row -> assertEquals(Shown.values().length, row.cells.size(), row.toString()));
    }

    @TestFactory
    Stream<DynamicTest> cells() throws IOException {
        return table().stream()
                .flatMap(row ->
                        Arrays.stream(Shown.values())
                                .map(state ->
                                        DynamicTest.dynamicTest(
                                                row.event + " | " + row.others + " | " + state,
                                                () -> walk(row, state))));
    }

    private static void walk(Row row, Shown state) {
        assertEquals(row.cells.get(state.ordinal()), told(row, state));
    }

    /// What happened, in the words of the page.
    private static String told(Row row, Shown state) {
        var tables = new Tables(new CaptureGate());
        tables.config = Cluster.config(1);
        Group before = place(tables, row, state);
        List<Shown> othersBefore = others(tables, before);
        Outcome outcome = happen(tables, row.event);
        Group after = Objects.requireNonNull(tables.groups.get(GROUP));
        if (outcome instanceof Outcome.Refused) {
            assertEquals(before, after);
            return "refused";
        }
        Shown it = Shown.of(tables, after, IT);
        if (before.epoch() == after.epoch()) {
            assertEquals(members(before), members(after), "a change without a new epoch");
            return it == state ? "same" : "shown " + it;
        }
        assertTrue(after.epoch() > before.epoch());
        List<Shown> othersAfter = others(tables, after);
        if (othersBefore.equals(othersAfter)) {
            return after.replicas().getFirst().store() == IT ? it + " first" : it.name();
        }
        return it + " (" + String.join(", ", othersAfter.stream().map(Enum::name).toList()) + ")";
    }

    private static List<Shown> others(Tables tables, Group group) {
        return OTHERS.stream()
                .filter(store -> tables.stores.get(store) != null)
                .map(store -> Shown.of(tables, group, store))
                .toList();
    }

    /// In their order.
    private static List<String> members(Group group) {
        return group.replicas().stream().map(r -> r.store() + " " + r.state()).toList();
    }

    // ------------------------------------------------------------ before

    private static Group place(Tables tables, Row row, Shown state) {
        String[] others = row.others.split(", ");
        boolean itIsAway = row.event.endsWith("it is away");
        var replicas = new ArrayList<Replica>();
        for (int i = 0; i < others.length; i++) {
            String[] words = others[i].split(" ");
            boolean away = words.length == 2 && words[1].equals("away");
            assertTrue(away || words.length == 1, row.others);
            addNode(tables, OTHERS.get(i), !away);
            replicas.add(Shown.valueOf(words[0]).on(OTHERS.get(i), at(50)));
        }
        addNode(tables, IT, !itIsAway);
        addStore(tables, SPARE, "spare", IT, !itIsAway);
        if (state == Shown.DRAINING) {
            tables.storageNodes.put(
                    IT, Objects.requireNonNull(tables.storageNodes.get(IT)).drained(true));
        }
        if (state != Shown.NONE) {
            replicas.add(state.on(IT, at(length(row.event))));
        }
        if (row.event.endsWith("share a node")) {
            addStore(tables, SECOND, "store2", FIRST, true);
        }
        if (row.event.endsWith("its node has a replica")) {
            replicas.set(1, new Replica(SPARE, ReplicaState.SERVING, at(50)));
        }
        var group = new Group(GROUP, EPOCH, replicas, 1, 0);
        tables.groups.put(GROUP, group);
        return group;
    }

    private static void addNode(Tables tables, int id, boolean up) {
        tables.storageNodes.put(id, new Node(id, "node" + id, "h:1", "h:2", 1, 1, "", up, false));
        addStore(tables, id, "store" + id, id, up);
        tables.nextNode = THIRD + 1;
        tables.nextStore = THIRD + 1;
    }

    private static void addStore(Tables tables, int id, String uuid, int node, boolean up) {
        tables.stores.put(id, new Store(id, uuid, node, 1L << 40, up, false, up ? 0 : 1, 0));
    }

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    private static long length(String event) {
        return event.endsWith("longest") ? 99 : event.endsWith("shorter") ? 7 : 50;
    }

    // ------------------------------------------------------------ the event

    private static Outcome happen(Tables tables, String event) {
        var commands = new NodeCommands(tables);
        var repair = new RepairCommands(tables);
        return switch (event) {
            case "its node is lost" -> commands.lost(new Command.NodeLost(IT, 1), NOW);
            case "its store is lost" ->
                    commands.register(
                            registration(IT, 1, List.of("spare"), 0, List.of("store3")), NOW);
            case "it failed" -> commands.failed(new Command.ReplicaFailed(GROUP, EPOCH, IT, "why"));
            case "it failed, of an old epoch" ->
                    commands.failed(new Command.ReplicaFailed(GROUP, EPOCH - 1, IT, "why"));
            case "it returns", "it returns, longest", "it returns, shorter" ->
                    commands.register(
                            registration(IT, 1, List.of("store3", "spare"), length(event)), NOW);
            case "it restarts", "it restarts, longest", "it restarts, shorter" ->
                    commands.register(
                            registration(IT, 2, List.of("store3", "spare"), length(event)), NOW);
            case "it has caught up" ->
                    commands.synced(new Command.ReplicaSynced(GROUP, EPOCH, IT), NOW);
            case "it has caught up, of an old epoch" ->
                    commands.synced(new Command.ReplicaSynced(GROUP, EPOCH - 1, IT), NOW);
            case "the grace is over",
                    "the grace is over, longest",
                    "the grace is over, shorter",
                    "the grace is over, it is away" ->
                    commands.electLast(new Command.ElectLast(GROUP));
            case "it is put first" ->
                    commands.movePrimary(new Command.MovePrimary(GROUP, EPOCH, IT));
            case "another is put first" ->
                    commands.movePrimary(new Command.MovePrimary(GROUP, EPOCH, SECOND));
            case "another's node is lost" -> commands.lost(new Command.NodeLost(FIRST, 1), NOW);
            case "another returns" ->
                    commands.register(registration(FIRST, 1, List.of("store1"), 50), NOW);
            case "another has caught up" ->
                    commands.synced(new Command.ReplicaSynced(GROUP, EPOCH, FIRST), NOW);
            case "it is added", "it is added, its node has a replica", "it is added, it is away" ->
                    repair.add(new Command.AddReplica(GROUP, EPOCH, IT));
            case "it is added, of an old epoch" ->
                    repair.add(new Command.AddReplica(GROUP, EPOCH - 1, IT));
            case "it is dropped", "it is dropped, others share a node" ->
                    repair.drop(new Command.DropReplica(GROUP, EPOCH, IT));
            case "it is dropped, of an old epoch" ->
                    repair.drop(new Command.DropReplica(GROUP, EPOCH - 1, IT));
            case "another is dropped" -> repair.drop(new Command.DropReplica(GROUP, EPOCH, FIRST));
            case "its node is drained" -> repair.drain(new Command.DrainNode("node" + IT, true));
            case "its drain is cancelled" ->
                    repair.drain(new Command.DrainNode("node" + IT, false));
            case "its node is removed", "its node is removed, it is away" ->
                    repair.remove(new Command.RemoveNode("node" + IT), NOW);
            default -> throw new AssertionError("the test does not know the event: " + event);
        };
    }

    private static Command.RegisterNode registration(
            int node, long incarnation, List<String> stores, long sequence) {
        return registration(node, incarnation, stores, sequence, List.of());
    }

    private static Command.RegisterNode registration(
            int node, long incarnation, List<String> stores, long sequence, List<String> failed) {
        var reports =
                stores.stream()
                        .map(uuid ->
                                new Command.StoreReport(
                                        uuid,
                                        1L << 40,
                                        true,
                                        List.of(new Command.GroupPosition(GROUP, at(sequence)))))
                        .toList();
        return new Command.RegisterNode(
                "node" + node, "h:1", "h:2", incarnation, 1, "", "", reports, failed);
    }
}
