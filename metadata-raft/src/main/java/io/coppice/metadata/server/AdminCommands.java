package io.coppice.metadata.server;

import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.raft.GovernanceCodec;
import io.coppice.metadata.raft.RightsCodec;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.RevokeCertificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Administrative commands: seal where the rules ask for it, commit, tell whom it concerns. Nothing
/// waits: failures of the futures are [ControlFailure].
final class AdminCommands {

    /// A new metadata server is fed before it becomes a member.
    private static final long MEMBERSHIP_MILLIS = 60_000;

    private final Leadership leadership;
    private final Cuts cuts;
    private final Permissions permissions;
    private final KeyRotation keys;

    AdminCommands(Leadership leadership, Cuts cuts, KeyRotation keys) {
        this.leadership = leadership;
        this.cuts = cuts;
        this.permissions = new Permissions(leadership);
        this.keys = keys;
    }

    CompletableFuture<ExecuteResponse> execute(ExecuteRequest request, Caller caller) {
        long start = leadership.time().nanos();
        var asker = new Asker(request.getSession(), request.getSequence(), caller);
        var timed = leadership.metrics().execute().time();
        return outcome(request, asker)
                .thenApply(outcome -> response(outcome, (leadership.time().nanos() - start) / 1000))
                .whenComplete((response, failed) -> timed.stop());
    }

    private CompletableFuture<Outcome> outcome(ExecuteRequest request, Asker asker) {
        try {
            permissions.require(asker.caller(), asker.session());
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
        if (formatOf(request) > leadership.format()) {
            throw ControlFailure.unavailable(
                    "not all metadata servers of the cluster know this yet: it is not"
                            + " initialised, or they are being upgraded");
        }
        return switch (request.getCommandCase()) {
            case CREATE_VOLUME -> {
                var c = request.getCreateVolume();
                yield commit(
                        asker,
                        new Command.CreateVolume(
                                c.getName(),
                                c.getSize(),
                                c.getLabelsMap(),
                                c.getProject(),
                                leadership.expires(c.getExpiresMillis(), c.getTtlMillis()),
                                c.hasKey() ? GovernanceCodec.decode(c.getKey()) : null));
            }
            case REKEY_VOLUME -> commit(asker, GovernanceCodec.decode(request.getRekeyVolume()));
            case ERASE_KEY -> eraseKey(asker, request.getEraseKey().getName());
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
            case CHANGE_VOLUME -> {
                var c = request.getChangeVolume().toBuilder();
                if (c.getTtlMillis() != 0) {
                    c.setExpiresMillis(leadership.expires(0, c.getTtlMillis()));
                }
                var change = GovernanceCodec.decode(c.build());
                yield c.hasProject() ? moving(asker, c.getName(), change) : commit(asker, change);
            }
            case CHANGE_SNAPSHOT -> {
                var c = request.getChangeSnapshot().toBuilder();
                if (c.getTtlMillis() != 0) {
                    c.setExpiresMillis(leadership.expires(0, c.getTtlMillis()));
                }
                yield commit(asker, GovernanceCodec.decode(c.build()));
            }
            case RESET_VOLUME -> cuts.reset(asker, request.getResetVolume());
            case SWAP_VOLUMES -> cuts.swap(asker, request.getSwapVolumes());
            case PUT_POLICY ->
                    commit(
                            asker,
                            new Command.PutPolicy(
                                    GovernanceCodec.decode(request.getPutPolicy().getPolicy())));
            case DELETE_POLICY ->
                    commit(asker, new Command.DeletePolicy(request.getDeletePolicy().getName()));
            case PUT_PROJECT -> {
                var c = request.getPutProject();
                yield commit(asker, new Command.PutProject(c.getName(), c.getPolicy()));
            }
            case PUT_QUOTA -> commit(asker, GovernanceCodec.decode(request.getPutQuota()));
            case DELETE_PROJECT ->
                    commit(asker, new Command.DeleteProject(request.getDeleteProject().getName()));
            case REVOKE_CERTIFICATE -> revoke(asker, request.getRevokeCertificate());
            case CREATE_PRINCIPAL ->
                    commit(asker, RightsCodec.decode(request.getCreatePrincipal()));
            case DELETE_PRINCIPAL ->
                    changingRights(asker, RightsCodec.decode(request.getDeletePrincipal()));
            case RENAME_PRINCIPAL ->
                    changingRights(asker, RightsCodec.decode(request.getRenamePrincipal()));
            case CHANGE_TEAM -> changingRights(asker, RightsCodec.decode(request.getChangeTeam()));
            case CHANGE_GRANT ->
                    changingRights(asker, RightsCodec.decode(request.getChangeGrant()));
            case CREATE_SNAPSHOTS -> cuts.createSnapshots(asker, request.getCreateSnapshots());
            case DELETE_SNAPSHOT -> {
                var c = request.getDeleteSnapshot().getSnapshot();
                yield commit(asker, new Command.DeleteSnapshot(c.getVolume(), c.getSnapshot()));
            }
            case ROLLBACK_VOLUME -> cuts.rollback(asker, request.getRollbackVolume().getSnapshot());
            case CREATE_CLONES -> cuts.createClones(asker, request.getCreateClones());
            case BREAK_ATTACHMENT ->
                    breakAttachment(asker, request.getBreakAttachment().getVolume());
            case INITIALIZE_CLUSTER -> initialize(asker, request);
            case ADD_METADATA_SERVER, REMOVE_METADATA_SERVER -> members(asker, request);
            case DRAIN_NODE -> {
                var c = request.getDrainNode();
                yield commit(asker, new Command.DrainNode(c.getNode(), !c.getCancel()));
            }
            case REMOVE_NODE -> removeNode(asker, request.getRemoveNode().getNode());
            case ROTATE_ACCESS_KEY -> commit(asker, keys.afterTold());
            case REPORT_REFUSED -> {
                RefusedNotes.tell(leadership, asker.caller(), request.getReportRefused());
                yield CompletableFuture.completedFuture(Outcome.Nothing.INSTANCE);
            }
            case COMMAND_NOT_SET ->
                    throw ControlFailure.badRequest(
                            "the request holds no command that this version knows");
        };
    }

    /// What metadata servers of an older format than this would read as something else, or not at
    /// all.
    private static int formatOf(ExecuteRequest request) {
        boolean isOfFormat2 =
                switch (request.getCommandCase()) {
                    case CREATE_PRINCIPAL,
                            DELETE_PRINCIPAL,
                            RENAME_PRINCIPAL,
                            CHANGE_TEAM,
                            CHANGE_GRANT,
                            REVOKE_CERTIFICATE,
                            REKEY_VOLUME,
                            ERASE_KEY ->
                            true;
                    case CREATE_VOLUME -> request.getCreateVolume().hasKey();
                    case PUT_QUOTA -> request.getPutQuota().getQuota().getOwnBytes() != 0;
                    case PUT_POLICY ->
                            request.getPutPolicy().getPolicy().getDivergencePercent() != 0;
                    default -> false;
                };
        return isOfFormat2 ? 2 : isOfGovernance(request) ? 1 : 0;
    }

    private static boolean isOfGovernance(ExecuteRequest request) {
        return switch (request.getCommandCase()) {
            case CREATE_VOLUME -> {
                var c = request.getCreateVolume();
                yield !c.getProject().isEmpty()
                        || c.getExpiresMillis() != 0
                        || c.getTtlMillis() != 0;
            }
            case CREATE_SNAPSHOTS -> {
                var c = request.getCreateSnapshots();
                yield c.getExpiresMillis() != 0 || c.getTtlMillis() != 0;
            }
            case CREATE_CLONES -> !request.getCreateClones().getProject().isEmpty();
            case CHANGE_VOLUME,
                    CHANGE_SNAPSHOT,
                    RESET_VOLUME,
                    SWAP_VOLUMES,
                    PUT_POLICY,
                    DELETE_POLICY,
                    PUT_PROJECT,
                    PUT_QUOTA,
                    DELETE_PROJECT ->
                    true;
            default -> false;
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
        return commit(asker, new Command.InitializeCluster(config, keys.next().key()))
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

    /// Everybody who believes certificates hears of it at once.
    private CompletableFuture<Outcome> revoke(Asker asker, RevokeCertificate request) {
        return commit(
                        asker,
                        new Command.RevokeCertificate(
                                request.getSerial(), request.getName(), request.getUntilMillis()))
                .thenApply(outcome -> {
                    leadership.revoked();
                    return outcome;
                });
    }

    /// No command of the state machine, so the audit log is told here.
    private CompletableFuture<Outcome> members(Asker asker, ExecuteRequest request)
            throws ControlFailure {
        permissions.requireOfQuorum(asker.caller(), request);
        String what = QuorumMembers.describe(request);
        return leadership
                .within(
                        new QuorumMembers(leadership).change(request),
                        MEMBERSHIP_MILLIS,
                        () -> "the metadata quorum did not change in time")
                .thenApply(changed -> {
                    leadership.note(asker.caller(), "change quorum", what, "");
                    return Outcome.Nothing.INSTANCE;
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
                asker.caller(),
                command,
                name,
                () ->
                        commit(asker, command)
                                .thenApply(outcome -> {
                                    cuts.tell(outcome, false);
                                    return outcome;
                                }));
    }

    /// Who attaches at the same moment is in, or finds no key.
    private CompletableFuture<Outcome> eraseKey(Asker asker, String name) {
        var command = new Command.EraseKey(name);
        return leadership.inside(asker.caller(), command, name, () -> commit(asker, command));
    }

    /// A command that ends the volume's attachment, if it has one. The holder may not hear of it,
    /// and would make chunks for a volume that is gone; nobody waits for the fence but the closing
    /// of the holder's session, which is when their ids are reclaimed.
    private CompletableFuture<Outcome> ending(
            Asker asker, String name, Command command, String why) {
        return leadership.inside(
                asker.caller(),
                command,
                name,
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
        String why = "its attachment was broken by " + asker.caller();
        var command = new Command.BreakAttachment(name);
        return leadership.inside(
                asker.caller(),
                command,
                name,
                () -> {
                    Attachment held = holder(name).orElse(null);
                    return commit(asker, command)
                            .thenCompose(outcome -> {
                                Volume volume =
                                        leadership.read(view -> view.volume(name)).orElse(null);
                                tellLoser(held, why);
                                return volume != null && held != null
                                        ? leadership.fence(volume).thenApply(done -> outcome)
                                        : CompletableFuture.completedFuture(outcome);
                            });
                });
    }

    /// A volume that comes to another project may be out of its holder's reach there.
    private CompletableFuture<Outcome> moving(Asker asker, String name, Command command) {
        return leadership.inside(
                asker.caller(),
                command,
                name,
                () -> {
                    Attachment held = holder(name).orElse(null);
                    return commit(asker, command)
                            .thenApply(outcome -> {
                                if (held != null && holder(name).isEmpty()) {
                                    leadership.endedWithRights(List.of(held));
                                }
                                return outcome;
                            });
                });
    }

    /// Whoever lost a right loses what he holds by it: his writers are refused, his streams end if
    /// nothing is left to him.
    private CompletableFuture<Outcome> changingRights(Asker asker, Command command) {
        return commit(asker, command)
                .thenApply(outcome -> {
                    if (outcome instanceof Outcome.RightsChanged changed) {
                        leadership.endedWithRights(changed.ended());
                    }
                    leadership.clients().endStrangers();
                    return outcome;
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
                case Outcome.PolicyPut done ->
                        response.setPolicy(GovernanceCodec.encode(done.policy()));
                case Outcome.ProjectPut done ->
                        response.setProject(Answers.project(view, done.project()));
                default -> {
                    // Nothing to show.
                }
            }
            return response;
        });
        return response.build();
    }
}
