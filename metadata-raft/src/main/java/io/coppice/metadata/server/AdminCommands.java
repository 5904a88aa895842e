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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Administrative commands: seal where the rules ask for it, commit, tell whom it concerns. Nothing
/// waits: failures of the futures are [ControlFailure].
final class AdminCommands {
    private static final Logger audit = LoggerFactory.getLogger("io.coppice.audit");
    private static final Logger log = LoggerFactory.getLogger(AdminCommands.class);

    /// A new metadata server is fed before it becomes a member.
    private static final long MEMBERSHIP_MILLIS = 60_000;

    private final Leadership leadership;

    AdminCommands(Leadership leadership) {
        this.leadership = leadership;
    }

    /// Who asks, and the name of the request across its retries.
    private record Asker(long session, long sequence, String caller) {}

    CompletableFuture<ExecuteResponse> execute(ExecuteRequest request, String caller) {
        long start = leadership.time().nanos();
        var asker = new Asker(request.getSession(), request.getSequence(), caller);
        var timed = leadership.metrics().execute().time();
        return outcome(request, asker)
                .thenApply(outcome -> response(outcome, (leadership.time().nanos() - start) / 1000))
                .whenComplete((response, failed) -> {
                    timed.stop();
                    audit.info(
                            "{} by {}: {}",
                            describe(request),
                            caller,
                            failed == null
                                    ? "done"
                                    : "refused, " + Leadership.failure(failed).message());
                });
    }

    private CompletableFuture<Outcome> outcome(ExecuteRequest request, Asker asker) {
        try {
            Outcome earlier = known(asker).orElse(null);
            return earlier == null
                    ? run(request, asker)
                    : CompletableFuture.completedFuture(earlier);
        } catch (ControlFailure refused) {
            return CompletableFuture.failedFuture(refused);
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

    private CompletableFuture<Outcome> run(ExecuteRequest request, Asker asker)
            throws ControlFailure {
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
                        asker,
                        c.getName(),
                        new Command.ResizeVolume(c.getName(), c.getSize(), c.getFence()));
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
            case ADD_METADATA_SERVER, REMOVE_METADATA_SERVER ->
                    leadership
                            .within(
                                    new QuorumMembers(leadership).change(request),
                                    MEMBERSHIP_MILLIS,
                                    () -> "the metadata quorum did not change in time")
                            .thenApply(changed -> Outcome.Nothing.INSTANCE);
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

    private CompletableFuture<Outcome> commit(Asker asker, Command command) {
        return leadership.commit(asker.session(), asker.sequence(), asker.caller(), command);
    }

    private CompletableFuture<Outcome> initialize(Asker asker, ExecuteRequest request)
            throws ControlFailure {
        var config = Requests.config(request.getInitializeCluster().getConfig());
        String expected = leadership.config().cluster();
        if (!expected.isEmpty() && !config.cluster().equals(expected)) {
            throw ControlFailure.badRequest(
                    "these metadata servers are configured for cluster "
                            + expected
                            + ", not "
                            + config.cluster());
        }
        return commit(asker, new Command.InitializeCluster(config))
                .thenApply(outcome -> {
                    // The nodes come back at once and are welcomed as members, with the
                    // configuration and their groups.
                    leadership.nodes().endAll("the cluster was initialised");
                    leadership
                            .clients()
                            .pushViews(
                                    leadership.read(view ->
                                            view.groups().stream()
                                                    .map(group -> group.id())
                                                    .toList()));
                    return outcome;
                });
    }

    /// Nothing waits for a node that is gone, and its process, if it runs, is told.
    private CompletableFuture<Outcome> removeNode(Asker asker, String nameOrId) {
        return commit(asker, new Command.RemoveNode(nameOrId))
                .thenApply(outcome -> {
                    leadership.nodes().forgetRemoved("it was removed from the cluster");
                    return outcome;
                });
    }

    // ------------------------------------------------------------ changes that a holder hears of

    private CompletableFuture<Outcome> changing(Asker asker, String name, Command command) {
        return leadership.inside(
                List.of(name),
                () ->
                        commit(asker, command)
                                .thenApply(outcome -> {
                                    tell(outcome, false, "");
                                    return outcome;
                                }));
    }

    /// A command that ends the volume's attachment, if it has one. The holder may not hear of it,
    /// and would make chunks for a volume that is gone; nobody waits for the fence but the closing
    /// of the holder's session, which is when their ids are reclaimed.
    private CompletableFuture<Outcome> ending(
            Asker asker, String name, Command command, String why) {
        return leadership.inside(
                List.of(name),
                () -> {
                    Attachment held = holder(name).orElse(null);
                    var fences =
                            leadership.read(view ->
                                    view.volume(name).stream().map(Answers::fenceOfNext).toList());
                    return commit(asker, command)
                            .thenApply(outcome -> {
                                tellLoser(held, why);
                                if (held != null) {
                                    leadership.raise(fences);
                                }
                                return outcome;
                            });
                });
    }

    private CompletableFuture<Outcome> breakAttachment(Asker asker, String name) {
        return leadership.inside(
                List.of(name),
                () -> {
                    Attachment held = holder(name).orElse(null);
                    return commit(asker, new Command.BreakAttachment(name))
                            .thenCompose(outcome -> {
                                Volume volume =
                                        leadership.read(view -> view.volume(name)).orElse(null);
                                tellLoser(held, "its attachment was broken by " + asker.caller());
                                return volume != null && held != null
                                        ? leadership.fence(volume).thenApply(done -> outcome)
                                        : CompletableFuture.completedFuture(outcome);
                            });
                });
    }

    private Optional<Attachment> holder(String name) {
        return leadership.read(
                view -> view.volume(name).flatMap(volume -> view.attachment(volume.id())));
    }

    private void tellLoser(@Nullable Attachment held, String why) {
        if (held != null) {
            leadership.clients().lost(held, why);
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

    private CompletableFuture<Outcome> createSnapshots(Asker asker, CreateSnapshots c) {
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

    private CompletableFuture<Outcome> createClones(Asker asker, CreateClones c) {
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

    private CompletableFuture<Outcome> rollback(Asker asker, SnapshotName c) {
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
    private CompletableFuture<Outcome> cut(
            Asker asker, List<String> names, boolean refused, boolean mapChanged, Cut cut) {
        if (names.isEmpty()) {
            return commit(asker, cut.with(Map.of()));
        }
        return leadership
                .enter(names)
                .thenCompose(gate -> {
                    var seals =
                            refused || wasDone(asker)
                                    ? Map.<String, Command.Seal>of()
                                    : leadership.read(view -> seals(view, names));
                    return seals.isEmpty()
                            ? told(commit(asker, cut.with(seals)), mapChanged)
                                    .whenComplete((outcome, failed) -> gate.close())
                            : sealed(asker, gate, seals, mapChanged, cut);
                });
    }

    /// While it waited at the gate the same request, sent before, may have gone through: no command
    /// would follow a second seal, and writers would wait for its generation.
    private boolean wasDone(Asker asker) {
        return asker.session() != 0
                && leadership.quorum().remembered(asker.session(), asker.sequence()).isPresent();
    }

    private CompletableFuture<Outcome> told(
            CompletableFuture<Outcome> committed, boolean mapChanged) {
        return committed.thenApply(outcome -> {
            tell(outcome, mapChanged, "");
            return outcome;
        });
    }

    private static Map<String, Command.Seal> seals(MetadataView view, List<String> names) {
        var seals = new TreeMap<String, Command.Seal>();
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
    private CompletableFuture<Outcome> sealed(
            Asker asker,
            VolumeGates.Passage gate,
            Map<String, Command.Seal> seals,
            boolean mapChanged,
            Cut cut) {
        var barriers =
                seals.values().stream()
                        .map(seal ->
                                VolumeBarrier.newBuilder()
                                        .setVolume(seal.volume())
                                        .setSealedGeneration(seal.generation())
                                        .build())
                        .toList();
        var done = leadership.raise(barriers);
        var committed =
                leadership
                        .within(
                                done,
                                leadership.config().timeouts().barrier().toMillis(),
                                leadership::lateBarrier)
                        .thenCompose(sealed -> commit(asker, cut.with(seals)));
        return told(committed, mapChanged)
                .whenComplete((outcome, failed) -> {
                    if (failed == null) {
                        gate.close();
                    } else {
                        done.thenComposeAsync(all -> raiseGenerations(seals), leadership.threads())
                                .whenComplete((raised, lost) -> gate.close());
                    }
                });
    }

    private CompletableFuture<Void> raiseGenerations(Map<String, Command.Seal> seals) {
        var raising = new ArrayList<CompletableFuture<Void>>();
        for (Command.Seal seal : seals.values()) {
            raising.add(
                    leadership
                            .commit(new Command.RaiseGeneration(seal.volume(), seal.generation()))
                            .handle((raised, lost) -> {
                                if (lost == null) {
                                    // What failed may have been a rollback, and committed after
                                    // all.
                                    leadership.volumeChanged(seal.volume(), true, "");
                                } else {
                                    // The next leader hears of the seal from the nodes that
                                    // register with it.
                                    log.warn(
                                            "volume {}: its generation could not be raised: {}",
                                            seal.volume(),
                                            Leadership.failure(lost).message());
                                }
                                return null;
                            }));
        }
        return CompletableFuture.allOf(raising.toArray(CompletableFuture[]::new));
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
            case ADD_METADATA_SERVER, REMOVE_METADATA_SERVER -> QuorumMembers.describe(request);
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
