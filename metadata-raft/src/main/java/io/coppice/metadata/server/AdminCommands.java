package io.coppice.metadata.server;

import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Administrative commands: seal where the rules ask for it, commit, tell whom it concerns. Runs on
/// threads that may wait.
final class AdminCommands {
    private static final Logger audit = LoggerFactory.getLogger("io.coppice.audit");
    private static final Logger log = LoggerFactory.getLogger(AdminCommands.class);

    private final Leadership leadership;

    AdminCommands(Leadership leadership) {
        this.leadership = leadership;
    }

    /// Who asks, and the name of the request across its retries.
    private record Asker(long session, long sequence, String caller) {}

    ExecuteResponse execute(ExecuteRequest request, String caller) throws ControlFailure {
        long start = leadership.time().nanos();
        var asker = new Asker(request.getSession(), request.getSequence(), caller);
        String result = "done";
        try (var timed = leadership.metrics().execute().time()) {
            Outcome outcome = known(asker).orElse(null);
            if (outcome == null) {
                outcome = run(request, asker);
            }
            return response(outcome, (leadership.time().nanos() - start) / 1000);
        } catch (ControlFailure refused) {
            result = "refused, " + refused.message();
            throw refused;
        } finally {
            audit.info("{} by {}: {}", describe(request), caller, result);
        }
    }

    /// A retry of a command that was done gets its first answer, without another seal.
    private Optional<Outcome> known(Asker asker) throws ControlFailure {
        Outcome earlier =
                asker.session() == 0
                        ? null
                        : leadership
                                .quorum()
                                .remembered(asker.session(), asker.sequence())
                                .orElse(null);
        if (earlier instanceof Outcome.Refused refused) {
            throw ControlFailure.of(refused);
        }
        return Optional.ofNullable(earlier);
    }

    private Outcome run(ExecuteRequest request, Asker asker) throws ControlFailure {
        return switch (request.getCommandCase()) {
            case CREATE_VOLUME -> {
                var c = request.getCreateVolume();
                yield commit(
                        asker,
                        new Command.CreateVolume(c.getName(), c.getSize(), c.getLabelsMap()));
            }
            case DELETE_VOLUME -> {
                var c = request.getDeleteVolume();
                yield ending(
                        asker,
                        c.getName(),
                        new Command.DeleteVolume(c.getName(), c.getNow()),
                        "it was deleted");
            }
            case RESTORE_VOLUME -> {
                var c = request.getRestoreVolume();
                yield commit(asker, new Command.RestoreVolume(c.getName(), c.getAs()));
            }
            case RESIZE_VOLUME -> {
                var c = request.getResizeVolume();
                yield changing(
                        asker, c.getName(), new Command.ResizeVolume(c.getName(), c.getSize()));
            }
            case RENAME_VOLUME -> {
                var c = request.getRenameVolume();
                yield changing(
                        asker, c.getName(), new Command.RenameVolume(c.getName(), c.getNewName()));
            }
            case CREATE_SNAPSHOTS -> createSnapshots(asker, request.getCreateSnapshots());
            case DELETE_SNAPSHOT -> {
                var c = request.getDeleteSnapshot().getSnapshot();
                yield commit(asker, new Command.DeleteSnapshot(c.getVolume(), c.getSnapshot()));
            }
            case ROLLBACK_VOLUME -> rollback(asker, request.getRollbackVolume().getSnapshot());
            case CREATE_CLONES -> createClones(asker, request.getCreateClones());
            case BREAK_ATTACHMENT ->
                    breakAttachment(asker, request.getBreakAttachment().getVolume());
            case INITIALIZE_CLUSTER -> initialize(asker, request);
            case DRAIN_NODE -> {
                var c = request.getDrainNode();
                yield commit(asker, new Command.DrainNode(c.getNode(), !c.getCancel()));
            }
            case REMOVE_NODE -> removeNode(asker, request.getRemoveNode().getNode());
            case COMMAND_NOT_SET ->
                    throw ControlFailure.badRequest(
                            "the request holds no command that this version knows");
        };
    }

    private Outcome commit(Asker asker, Command command) throws ControlFailure {
        return leadership.commit(asker.session(), asker.sequence(), asker.caller(), command);
    }

    private Outcome initialize(Asker asker, ExecuteRequest request) throws ControlFailure {
        var config = Requests.config(request.getInitializeCluster().getConfig());
        String expected = leadership.config().cluster();
        if (!expected.isEmpty() && !config.cluster().equals(expected)) {
            throw ControlFailure.badRequest(
                    "these metadata servers are configured for cluster "
                            + expected
                            + ", not "
                            + config.cluster());
        }
        Outcome outcome = commit(asker, new Command.InitializeCluster(config));
        // The nodes come back at once and are welcomed as members, with the configuration and their
        // groups.
        leadership.nodes().endAll("the cluster was initialised");
        leadership
                .clients()
                .pushViews(
                        leadership.read(
                                view -> view.groups().stream().map(group -> group.id()).toList()));
        return outcome;
    }

    /// Nothing waits for a node that is gone, and its process, if it runs, is told.
    private Outcome removeNode(Asker asker, String nameOrId) throws ControlFailure {
        Outcome outcome = commit(asker, new Command.RemoveNode(nameOrId));
        leadership.nodes().forgetRemoved("it was removed from the cluster");
        return outcome;
    }

    // ------------------------------------------------------------ changes that a holder hears of

    private Outcome changing(Asker asker, String name, Command command) throws ControlFailure {
        try (var gate = leadership.enter(List.of(name))) {
            Outcome outcome = commit(asker, command);
            tell(outcome, false, "");
            return outcome;
        }
    }

    /// A command that ends the volume's attachment, if it has one.
    private Outcome ending(Asker asker, String name, Command command, String why)
            throws ControlFailure {
        try (var gate = leadership.enter(List.of(name))) {
            Attachment held = holder(name).orElse(null);
            Outcome outcome = commit(asker, command);
            tellLoser(held, why);
            return outcome;
        }
    }

    private Outcome breakAttachment(Asker asker, String name) throws ControlFailure {
        try (var gate = leadership.enter(List.of(name))) {
            Attachment held = holder(name).orElse(null);
            Outcome outcome = commit(asker, new Command.BreakAttachment(name));
            Volume volume = leadership.read(view -> view.volume(name)).orElse(null);
            tellLoser(held, "its attachment was broken by " + asker.caller());
            if (volume != null && held != null) {
                leadership.fence(volume);
            }
            return outcome;
        }
    }

    private Optional<Attachment> holder(String name) {
        return leadership.read(
                view -> view.volume(name).flatMap(volume -> view.attachment(volume.id())));
    }

    private void tellLoser(@Nullable Attachment held, String why) {
        if (held != null) {
            leadership
                    .clients()
                    .push(held.session(), Answers.lost(held.volume(), held.fence() + 1, why));
        }
    }

    private void tell(Outcome outcome, boolean mapChanged, String why) {
        List<Volume> changed =
                switch (outcome) {
                    case Outcome.Volumes done -> done.volumes();
                    case Outcome.Snapshots done -> done.volumes();
                    case Outcome.Clones done -> done.source();
                    default -> List.of();
                };
        changed.forEach(volume -> leadership.volumeChanged(volume.id(), mapChanged, why));
    }

    // ------------------------------------------------------------ cuts

    /// Makes the command from the seals; a volume without one needs none.
    private interface Cut {
        Command with(Map<String, Command.Seal> seals);
    }

    private Outcome createSnapshots(Asker asker, CreateSnapshots c) throws ControlFailure {
        var names = c.getSnapshotsList().stream().map(SnapshotName::getVolume).distinct().toList();
        boolean refused =
                leadership.read(view ->
                        c.getSnapshotsList().stream()
                                .anyMatch(n ->
                                        view.volume(n.getVolume()).isEmpty()
                                                || view.snapshot(n.getVolume(), n.getSnapshot())
                                                        .isPresent()));
        return cut(
                asker,
                names,
                refused,
                false,
                seals -> {
                    var cuts = new ArrayList<Command.SnapshotCut>();
                    c.getSnapshotsList()
                            .forEach(n ->
                                    cuts.add(
                                            new Command.SnapshotCut(
                                                    n.getVolume(),
                                                    n.getSnapshot(),
                                                    seals.get(n.getVolume()))));
                    return new Command.CreateSnapshots(cuts, c.getLabelsMap());
                });
    }

    private Outcome createClones(Asker asker, CreateClones c) throws ControlFailure {
        boolean live = c.getSnapshot().isEmpty();
        boolean refused =
                leadership.read(view ->
                        c.getNamesList().stream().anyMatch(name -> view.volume(name).isPresent()));
        return cut(
                asker,
                live ? List.of(c.getVolume()) : List.of(),
                refused,
                false,
                seals ->
                        new Command.CreateClones(
                                c.getVolume(),
                                c.getSnapshot(),
                                seals.get(c.getVolume()),
                                List.copyOf(c.getNamesList()),
                                c.getLabelsMap(),
                                c.getExpiresMillis()));
    }

    private Outcome rollback(Asker asker, SnapshotName c) throws ControlFailure {
        Optional<Snapshot> to =
                leadership.read(view -> view.snapshot(c.getVolume(), c.getSnapshot()));
        return cut(
                asker,
                List.of(c.getVolume()),
                to.isEmpty(),
                true,
                seals ->
                        new Command.RollbackVolume(
                                c.getVolume(), c.getSnapshot(), seals.get(c.getVolume())));
    }

    /// Seals what must be sealed, commits, tells the holders (R8).
    ///
    /// @param refused the command cannot succeed: it goes to the state machine for its answer,
    ///   without a seal
    private Outcome cut(
            Asker asker, List<String> names, boolean refused, boolean mapChanged, Cut cut)
            throws ControlFailure {
        if (names.isEmpty()) {
            return commit(asker, cut.with(Map.of()));
        }
        var gate = leadership.enter(names);
        var seals =
                refused
                        ? Map.<String, Command.Seal>of()
                        : leadership.read(view -> seals(view, names));
        if (seals.isEmpty()) {
            try (gate) {
                Outcome outcome = commit(asker, cut.with(seals));
                tell(outcome, mapChanged, "");
                return outcome;
            }
        }
        return sealed(asker, gate, seals, mapChanged, cut);
    }

    private static Map<String, Command.Seal> seals(MetadataView view, List<String> names) {
        var seals = new HashMap<String, Command.Seal>();
        for (String name : names) {
            view.volume(name)
                    .filter(Volume::attachedInGeneration)
                    .ifPresent(volume ->
                            seals.put(name, new Command.Seal(volume.id(), volume.generation())));
        }
        return seals;
    }

    /// Once nodes know a seal it does not go back. So whatever becomes of the command, the gate is
    /// passed on until the generations have been raised.
    private Outcome sealed(
            Asker asker,
            VolumeGates.Passage gate,
            Map<String, Command.Seal> seals,
            boolean mapChanged,
            Cut cut)
            throws ControlFailure {
        var barriers =
                seals.values().stream()
                        .map(seal ->
                                VolumeBarrier.newBuilder()
                                        .setVolume(seal.volume())
                                        .setSealedGeneration(seal.generation())
                                        .build())
                        .toList();
        var done = leadership.raise(barriers);
        boolean committed = false;
        try {
            Leadership.await(
                    done,
                    leadership.config().timeouts().barrier().toMillis(),
                    leadership::lateBarrier);
            Outcome outcome = commit(asker, cut.with(seals));
            committed = true;
            tell(outcome, mapChanged, "");
            return outcome;
        } finally {
            if (committed) {
                gate.close();
            } else {
                done.whenComplete((all, failed) ->
                        leadership
                                .threads()
                                .execute(() -> {
                                    try (gate) {
                                        raiseGenerations(seals);
                                    }
                                }));
            }
        }
    }

    private void raiseGenerations(Map<String, Command.Seal> seals) {
        for (Command.Seal seal : seals.values()) {
            try {
                leadership.commit(new Command.RaiseGeneration(seal.volume(), seal.generation()));
                leadership.volumeChanged(seal.volume(), false, "");
            } catch (ControlFailure lost) {
                // The next leader hears of the seal from the nodes that register with it.
                log.warn(
                        "volume {}: its generation could not be raised: {}",
                        seal.volume(),
                        lost.message());
            }
        }
    }

    // ------------------------------------------------------------ answers

    private ExecuteResponse response(Outcome outcome, long elapsedMicros) {
        var response = ExecuteResponse.newBuilder().setElapsedMicros(elapsedMicros);
        leadership.read(view -> {
            switch (outcome) {
                case Outcome.Volumes done ->
                        done.volumes()
                                .forEach(volume -> response.addVolumes(Answers.now(view, volume)));
                case Outcome.Clones done ->
                        done.clones()
                                .forEach(volume -> response.addVolumes(Answers.now(view, volume)));
                case Outcome.Snapshots done ->
                        done.snapshots()
                                .forEach(snapshot ->
                                        response.addSnapshots(Answers.now(view, snapshot)));
                default -> {
                    // Nothing to show.
                }
            }
            return response;
        });
        return response.build();
    }

    private static String describe(ExecuteRequest request) {
        return switch (request.getCommandCase()) {
            case CREATE_VOLUME -> "create volume " + request.getCreateVolume().getName();
            case DELETE_VOLUME -> "delete volume " + request.getDeleteVolume().getName();
            case RESTORE_VOLUME -> "restore volume " + request.getRestoreVolume().getName();
            case RESIZE_VOLUME ->
                    "resize volume "
                            + request.getResizeVolume().getName()
                            + " to "
                            + Long.toUnsignedString(request.getResizeVolume().getSize());
            case RENAME_VOLUME ->
                    "rename volume "
                            + request.getRenameVolume().getName()
                            + " to "
                            + request.getRenameVolume().getNewName();
            case CREATE_SNAPSHOTS -> {
                var names = request.getCreateSnapshots().getSnapshotsList();
                yield "create snapshot "
                        + names.stream().limit(10).map(AdminCommands::full).toList()
                        + (names.size() > 10 ? " and " + (names.size() - 10) + " more" : "");
            }
            case DELETE_SNAPSHOT ->
                    "delete snapshot " + full(request.getDeleteSnapshot().getSnapshot());
            case ROLLBACK_VOLUME -> "roll back " + full(request.getRollbackVolume().getSnapshot());
            case CREATE_CLONES -> {
                var c = request.getCreateClones();
                yield "clone "
                        + c.getVolume()
                        + (c.getSnapshot().isEmpty() ? "" : "@" + c.getSnapshot())
                        + " "
                        + c.getNamesList().stream().limit(3).toList()
                        + ", "
                        + c.getNamesCount()
                        + " in all";
            }
            case BREAK_ATTACHMENT ->
                    "break attachment of " + request.getBreakAttachment().getVolume();
            case INITIALIZE_CLUSTER ->
                    "initialize cluster " + request.getInitializeCluster().getConfig().getCluster();
            case DRAIN_NODE ->
                    (request.getDrainNode().getCancel() ? "cancel the drain of " : "drain ")
                            + "node "
                            + request.getDrainNode().getNode();
            case REMOVE_NODE -> "remove node " + request.getRemoveNode().getNode();
            case COMMAND_NOT_SET -> "unknown command";
        };
    }

    private static String full(SnapshotName name) {
        return name.getVolume() + "@" + name.getSnapshot();
    }
}
