package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.GetLineage;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.QueryRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lineage [NAME]`: the family tree.
@Command(
        name = "lineage",
        description = "Show who was cloned from whom, with own and shared bytes.")
final class LineageCommand extends Verb {
    @Parameters(
            paramLabel = "NAME",
            arity = "0..1",
            description = "Only the family of this volume.")
    @Nullable String name;

    @Option(names = "--all", description = "Deleted members without living descendants as well.")
    boolean all;

    @Override
    ExitCode run() throws Exception {
        var query = GetLineage.newBuilder();
        if (name != null) {
            query.setName(SourceName.parse(name).toString());
        }
        List<LineageEntry> entries =
                query(QueryRequest.newBuilder().setGetLineage(query)).getLineageList();
        output().print(
                        Views.each(entries, Views::lineage),
                        () -> draw(all ? entries : withLiving(entries)));
        return ExitCode.DONE;
    }

    /// Without the branches of the tree on which everything is deleted.
    static List<LineageEntry> withLiving(List<LineageEntry> entries) {
        Map<Long, LineageEntry> byId = new HashMap<>();
        entries.forEach(entry -> byId.put(entry.getId(), entry));
        Set<Long> kept = new HashSet<>();
        for (LineageEntry entry : entries) {
            LineageEntry ancestor = entry.getDeleted() ? null : entry;
            while (ancestor != null && kept.add(ancestor.getId())) {
                ancestor = byId.get(ancestor.getParent());
            }
        }
        return entries.stream().filter(entry -> kept.contains(entry.getId())).toList();
    }

    private static String state(LineageEntry entry) {
        if (entry.getInTrash()) {
            return "trash";
        }
        return entry.getDeleted() ? "deleted" : entry.getSnapshot() ? "snapshot" : "volume";
    }

    /// One line of the drawing that waits for its turn.
    private record Branch(LineageEntry entry, String stem, String prefix) {}

    /// An entry whose parent is not listed stands at the left. Walks with a stack of its own:
    /// families may be thousands of generations deep.
    static String draw(List<LineageEntry> entries) {
        Map<Long, List<LineageEntry>> children = new TreeMap<>();
        var ids = entries.stream().map(LineageEntry::getId).collect(Collectors.toSet());
        List<LineageEntry> roots = new ArrayList<>();
        for (LineageEntry entry : entries) {
            if (entry.getParent() != 0 && ids.contains(entry.getParent())) {
                children.computeIfAbsent(entry.getParent(), parent -> new ArrayList<>()).add(entry);
            } else {
                roots.add(entry);
            }
        }
        Comparator<LineageEntry> byAge = Comparator.comparing(LineageEntry::getId);
        Deque<Branch> waiting = new ArrayDeque<>();
        roots.sort(byAge.reversed());
        roots.forEach(root -> waiting.push(new Branch(root, "", "")));
        Table table = new Table("NAME", "MAPPED", "OWN", "SHARED", "STATE");
        while (!waiting.isEmpty()) {
            Branch branch = waiting.pop();
            LineageEntry entry = branch.entry();
            table.row(
                    branch.stem() + entry.getName(),
                    Sizes.show(entry.getMappedBytes()),
                    Sizes.show(entry.getOwnBytes()),
                    Sizes.show(entry.getSharedBytes()),
                    state(entry));
            List<LineageEntry> below = children.getOrDefault(entry.getId(), List.of());
            List<LineageEntry> sorted = new ArrayList<>(below);
            sorted.sort(byAge);
            for (int i = sorted.size() - 1; i >= 0; i--) {
                boolean last = i == sorted.size() - 1;
                waiting.push(
                        new Branch(
                                sorted.get(i),
                                branch.prefix() + (last ? "└─ " : "├─ "),
                                branch.prefix() + (last ? "   " : "│  ")));
            }
        }
        return table.toString();
    }
}
