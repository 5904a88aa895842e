package io.coppice.chaos.nemesis;

import java.util.List;

/// Kinds of faults that go together in a run of the matrix.
public record Group(String name, List<String> nemeses) {
    public static final List<Group> ALL =
            List.of(
                    new Group(
                            "process",
                            List.of(
                                    "kill",
                                    "kill-metadata",
                                    "kill-leader",
                                    "kill-gateway",
                                    "restart",
                                    "kill-client")),
                    new Group(
                            "pause",
                            List.of(
                                    "pause",
                                    "pause-metadata",
                                    "pause-client",
                                    "clock-drift",
                                    "clock-jump")),
                    new Group(
                            "partition",
                            List.of(
                                    "isolate",
                                    "strand",
                                    "halves",
                                    "ring",
                                    "one-way",
                                    "cut-quorum",
                                    "cut-client",
                                    "cut-control")),
                    new Group("links", List.of("slow", "lossy", "narrow", "kill", "isolate")),
                    new Group("power", List.of("power", "power-metadata", "power-all")),
                    new Group(
                            "disk",
                            List.of(
                                    "disk-full",
                                    "disk-slow",
                                    "disk-hang",
                                    "disk-lost",
                                    "flip-bits",
                                    "flip-raft")),
                    new Group("errors", List.of("read-errors", "write-errors", "sync-errors")),
                    new Group(
                            "operators",
                            List.of(
                                    "drain",
                                    "replace-node",
                                    "replace-metadata",
                                    "storm",
                                    "rolling")));

    public List<Nemesis> kinds() {
        return nemeses.stream().map(Nemeses::of).toList();
    }
}
