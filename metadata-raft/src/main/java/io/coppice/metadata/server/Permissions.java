package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Grant;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Rights;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.wire.pb.AttachmentInfo;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.GetUsage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/// Which rights a query takes: the table of them, and what of an answer its caller may see. Those
/// of commands are the state machine's to check, but for what changes the quorum itself, which is
/// no command of it. Refusals are told to the audit log.
final class Permissions {
    private final Leadership leadership;

    Permissions(Leadership leadership) {
        this.leadership = leadership;
    }

    // ------------------------------------------------------------ before

    /// @throws ControlFailure the caller has no right to ask for that
    void require(Caller caller, QueryRequest request) throws ControlFailure {
        if (!caller.proven()) {
            return;
        }
        var refused = leadership.read(view -> new Asked(view, caller).refusal(request));
        refuse(caller, "query", text(request.getQueryCase()), refused);
    }

    /// @throws ControlFailure the caller has no right to change the quorum
    void requireOfQuorum(Caller caller, ExecuteRequest request) throws ControlFailure {
        var refused = leadership.read(view -> new Asked(view, caller).administer());
        refuse(caller, "change quorum", QuorumMembers.describe(request), refused);
    }

    /// @throws ControlFailure the caller has no right to act in that session, or in any
    void require(Caller caller, long session) throws ControlFailure {
        var refused = leadership.read(view -> view.refusal(caller, session));
        refuse(caller, "use session", Long.toHexString(session), refused);
    }

    /// @throws ControlFailure the caller has no right to read what these pages are of
    void require(Caller caller, GetMapPages pages) throws ControlFailure {
        if (caller.proven()) {
            var refused = leadership.read(view -> new Asked(view, caller).pages(pages));
            refuse(caller, "query", "map pages", refused);
        }
    }

    private void refuse(
            Caller caller, String action, String target, Optional<Outcome.Refused> refused)
            throws ControlFailure {
        if (refused.isPresent()) {
            leadership.note(caller, action, target, refused.get().message());
            throw ControlFailure.of(refused.get());
        }
    }

    private static String text(QueryRequest.QueryCase query) {
        return query.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /// What somebody asks for, and why he may not; empty: he may.
    private record Asked(MetadataView view, Caller caller) {
        Optional<Outcome.Refused> refusal(QueryRequest request) {
            return switch (request.getQueryCase()) {
                case SHOW_VOLUME -> seen(request.getShowVolume().getName());
                case LIST_SNAPSHOTS -> seen(request.getListSnapshots().getVolume());
                case GET_USAGE -> usage(request.getGetUsage());
                case OPEN_SOURCE -> read(request.getOpenSource().getSource().getVolume());
                case GET_DIFF ->
                        read(request.getGetDiff().getFrom().getVolume())
                                .or(() -> read(request.getGetDiff().getTo().getVolume()));
                case GET_MAP_PAGES -> pages(request.getGetMapPages());
                case READ_AUDIT, LIST_MAPPED_CHUNKS, CHECK_REFCOUNTS, GET_INSPECTION ->
                        administer();
                // Of these the answer has only what the caller may see.
                case LIST_VOLUMES,
                        LIST_TRASH,
                        GET_LINEAGE,
                        LIST_ATTACHMENTS,
                        PLAN_LIFECYCLE,
                        LIST_PROJECTS,
                        LIST_PRINCIPALS,
                        LIST_GRANTS ->
                        known();
                case LIST_NODES,
                        LIST_GROUPS,
                        LIST_METADATA_SERVERS,
                        GET_STATUS,
                        GET_CLUSTER,
                        LIST_POLICIES,
                        LIST_REVOCATIONS ->
                        known();
                case WHO_AM_I, INTRODUCE_YOURSELF, QUERY_NOT_SET -> Optional.empty();
            };
        }

        Optional<Outcome.Refused> known() {
            return view.refusal(caller, 0);
        }

        Optional<Outcome.Refused> administer() {
            return view.refusal(caller, Grant.Scope.CLUSTER, Rights.of(Rights.Verb.ADMINISTER));
        }

        /// Whoever has some right on a volume may know of it. What does not exist the query itself
        /// says; empty: no volume is named.
        private Optional<Outcome.Refused> seen(String name) {
            var volume = view.volume(name);
            return volume.isEmpty() || isSeen(view, caller, volume.get().id())
                    ? known()
                    : read(name);
        }

        private Optional<Outcome.Refused> read(String name) {
            return view.volume(name).map(Volume::id).map(this::read).orElseGet(this::known);
        }

        private Optional<Outcome.Refused> read(long volume) {
            return view.refusal(caller, Grant.Scope.ofVolume(volume), Rights.VIEWER);
        }

        private Optional<Outcome.Refused> usage(GetUsage request) {
            var refused = seen(request.getName());
            for (var freed : request.getFreedByList()) {
                refused = refused.or(() -> seen(freed.getVolume()));
            }
            return refused;
        }

        Optional<Outcome.Refused> pages(GetMapPages request) {
            long snapshot = request.getSnapshot();
            return read(
                    snapshot == 0
                            ? request.getVolume()
                            : view.snapshot(snapshot).map(Snapshot::volume).orElse(0L));
        }
    }

    /// Whether the caller may know what is about a volume, also one in the trash; 0: about several.
    static boolean isFor(MetadataView view, Caller caller, long volume) {
        return !view.isChecked(caller)
                || !view.rights(caller, Grant.Scope.CLUSTER).isNone()
                || (volume != 0 && isSeen(view, caller, volume));
    }

    private static boolean isSeen(MetadataView view, Caller caller, long volume) {
        return !view.rights(caller, Grant.Scope.ofVolume(volume)).isNone();
    }

    // ------------------------------------------------------------ after

    /// Takes out of an answer what is about things that the caller has no right on at all, and, for
    /// all but administrators, what others could act in somebody's place with.
    QueryResponse reduced(Caller caller, QueryResponse answer) {
        Rights ofCluster =
                leadership.read(view ->
                        caller.proven() && view.isChecked(caller)
                                ? view.rights(caller, Grant.Scope.CLUSTER)
                                : Rights.ADMIN);
        if (ofCluster.has(Rights.of(Rights.Verb.ADMINISTER))) {
            return answer;
        }
        var told = answer.toBuilder();
        told.getAttachmentsBuilderList().forEach(AttachmentInfo.Builder::clearSession);
        return ofCluster.isNone() ? seen(caller, told.build()) : told.build();
    }

    private QueryResponse seen(Caller caller, QueryResponse answer) {
        var reduced = answer.toBuilder();
        reduced.clearVolumes()
                .addAllVolumes(kept(answer.getVolumesList(), it -> sees(caller, it.getId())));
        reduced.clearSnapshots()
                .addAllSnapshots(
                        kept(answer.getSnapshotsList(), it -> sees(caller, it.getVolume())));
        reduced.clearLineage()
                .addAllLineage(kept(answer.getLineageList(), it -> sees(caller, it.getId())));
        reduced.clearAttachments()
                .addAllAttachments(
                        kept(answer.getAttachmentsList(), it -> sees(caller, it.getVolumeId())));
        reduced.clearProjects()
                .addAllProjects(
                        kept(answer.getProjectsList(), it -> seesProject(caller, it.getName())));
        if (answer.hasUsage()) {
            reduced.getUsageBuilder()
                    .clearVolumes()
                    .addAllVolumes(
                            kept(
                                    answer.getUsage().getVolumesList(),
                                    it -> sees(caller, it.getId())));
        }
        return reduced.build();
    }

    private static <T> List<T> kept(List<T> all, Predicate<T> which) {
        return all.stream().filter(which).toList();
    }

    /// By id of a volume or snapshot; what is deleted belongs to nobody any more. One look at the
    /// state for each, so that a long list holds up nobody.
    private boolean sees(Caller caller, long id) {
        return leadership.read(view -> {
            long volume = view.snapshot(id).map(Snapshot::volume).orElse(id);
            return view.volume(volume).isPresent() && isSeen(view, caller, volume);
        });
    }

    private boolean sees(Caller caller, String name) {
        return leadership
                .read(view -> view.volume(name))
                .filter(volume -> sees(caller, volume.id()))
                .isPresent();
    }

    private boolean seesProject(Caller caller, String name) {
        return leadership.read(view -> !view.rights(caller, Grant.Scope.ofProject(name)).isNone());
    }
}
