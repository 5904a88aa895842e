package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MapRoot;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Planned;
import io.coppice.metadata.core.RefcountReport;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Store;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.raft.GovernanceCodec;
import io.coppice.metadata.raft.RaftMembership.Member;
import io.coppice.wire.pb.ClusterInfo;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.DiffExtent;
import io.coppice.wire.pb.GetDiff;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.OpenedSource;
import io.coppice.wire.pb.PlanLifecycle;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.ReadAudit;
import io.coppice.wire.pb.RefcountCheck;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.StoreInfo;
import io.coppice.wire.pb.StoreReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/// Linearizable reads. Short ones read the live state between two commands, long ones a capture.
/// Runs on threads that may wait.
final class Queries {
    private static final long CHUNK_BYTES_BEFORE_INIT = 4L << 20;
    private static final int AUDIT_ROWS_MAX = 1_000;
    private static final int PLAN_ROWS_MAX = 10_000;

    private final Leadership leadership;
    private final ChunkUsage usage;
    private final Permissions permissions;

    Queries(Leadership leadership, ChunkUsage usage) {
        this.leadership = leadership;
        this.usage = usage;
        this.permissions = new Permissions(leadership);
    }

    // ------------------------------------------------------------ answers in one piece

    QueryResponse query(QueryRequest request, Caller caller) throws ControlFailure {
        try (var timed = leadership.metrics().query().time()) {
            leadership.confirm();
            permissions.require(caller, request);
            return permissions.reduced(caller, answer(request, caller).build());
        }
    }

    private QueryResponse.Builder answer(QueryRequest request, Caller caller)
            throws ControlFailure {
        var response = QueryResponse.newBuilder();
        switch (request.getQueryCase()) {
            case LIST_VOLUMES -> usage.listVolumes(response);
            case SHOW_VOLUME -> usage.showVolume(request.getShowVolume().getName(), response);
            case LIST_SNAPSHOTS -> listSnapshots(request.getListSnapshots().getVolume(), response);
            case LIST_TRASH -> usage.listTrash(response);
            case GET_LINEAGE -> usage.lineage(request.getGetLineage().getName(), response);
            case GET_USAGE -> usage.usage(request.getGetUsage(), response);
            case LIST_NODES -> read(view -> nodes(view, response));
            case LIST_GROUPS ->
                    read(view ->
                            view.groups().forEach(g -> response.addGroups(Answers.group(view, g))));
            case LIST_ATTACHMENTS ->
                    read(view ->
                            view.attachments()
                                    .forEach(a ->
                                            response.addAttachments(
                                                    Answers.attachment(
                                                            view,
                                                            a,
                                                            leadership
                                                                    .clients()
                                                                    .connected(a.session())))));
            case GET_STATUS -> response.setStatus(compute(this::status));
            case GET_MAP_PAGES ->
                    response.addAllPages(
                            Pages.of(leadership, request.getGetMapPages()).getPagesList());
            case CHECK_REFCOUNTS -> response.setRefcounts(recount());
            case OPEN_SOURCE -> response.setOpened(open(request.getOpenSource().getSource()));
            case LIST_METADATA_SERVERS ->
                    response.setMetadataQuorum(
                            new QuorumMembers(leadership)
                                    .list(compute(view -> view.config().isPresent())));
            case GET_CLUSTER -> response.setCluster(compute(Queries::cluster));
            case LIST_POLICIES ->
                    read(view ->
                            view.policies()
                                    .forEach(policy ->
                                            response.addPolicies(GovernanceCodec.encode(policy))));
            case LIST_PROJECTS ->
                    read(view ->
                            view.projects()
                                    .forEach(project ->
                                            response.addProjects(Answers.project(view, project))));
            case LIST_REVOCATIONS ->
                    read(view ->
                            view.revocations()
                                    .forEach(it -> response.addRevoked(Answers.revocation(it))));
            case PLAN_LIFECYCLE -> plan(request.getPlanLifecycle(), caller, response);
            case LIST_PRINCIPALS -> read(view -> RightsQueries.principals(view, caller, response));
            case LIST_GRANTS -> grants(caller, Integer.MAX_VALUE, part -> response.mergeFrom(part));
            case WHO_AM_I -> {
                var who = compute(view -> RightsQueries.caller(view, caller));
                response.setCaller(who);
            }
            case READ_AUDIT -> audit(request.getReadAudit(), AUDIT_ROWS_MAX, response);
            case GET_DIFF ->
                    diff(request.getGetDiff(), Integer.MAX_VALUE, part -> response.mergeFrom(part));
            case LIST_MAPPED_CHUNKS ->
                    throw ControlFailure.badRequest("this list is only given as a stream");
            case GET_INSPECTION ->
                    response.setCapability(
                            Vouchers.of(leadership)
                                    .inspection(0, caller.proven() ? caller.name() : ""));
            case INTRODUCE_YOURSELF, QUERY_NOT_SET ->
                    throw ControlFailure.badRequest(
                            "the request holds no query that this version knows");
        }
        return response;
    }

    private void read(Consumer<MetadataView> reader) {
        leadership.read(view -> {
            reader.accept(view);
            return view;
        });
    }

    private <T> T compute(Function<MetadataView, T> reader) {
        return leadership.read(reader);
    }

    private void listSnapshots(String name, QueryResponse.Builder response) throws ControlFailure {
        if (!name.isEmpty()) {
            Volume volume = volume(name);
            read(view ->
                    view.snapshots(volume.id())
                            .forEach(s -> response.addSnapshots(Answers.snapshot(view, s))));
            return;
        }
        read(view ->
                view.volumes()
                        .forEach(volume ->
                                view.snapshots(volume.id())
                                        .forEach(s ->
                                                response.addSnapshots(Answers.snapshot(view, s)))));
    }

    /// What would happen by itself, had nobody done anything until then.
    private void plan(PlanLifecycle request, Caller caller, QueryResponse.Builder response) {
        long until = request.getUntilMillis();
        long moment = until == 0 ? leadership.time().wallMillis() : until;
        int limit = request.getLimit() == 0 ? PLAN_ROWS_MAX : request.getLimit();
        try (var capture = leadership.quorum().capture()) {
            var planned = new ArrayList<>(capture.planned(moment, Math.min(limit, PLAN_ROWS_MAX)));
            long now = leadership.time().wallMillis();
            planned.addAll(Schedules.planned(capture, now, moment, limit));
            planned.sort(Comparator.comparingLong(Planned::millis));
            planned.stream()
                    .filter(each -> Permissions.isFor(capture, caller, each.volume()))
                    .forEach(each -> response.addPlanned(Answers.planned(each)));
        }
    }

    private void audit(ReadAudit request, int most, QueryResponse.Builder response) {
        int limit = request.getLimit() == 0 ? most : Math.min(request.getLimit(), most);
        read(view -> {
            response.setAuditState(Answers.audit(view.audit()));
            view.audit(request.getFrom(), limit)
                    .forEach(entry -> response.addAudit(Answers.audit(entry)));
        });
    }

    /// In parts; each is a look at the live log, which only grows at its end.
    private void audit(ReadAudit request, int rows, Consumer<QueryResponse> each) {
        long next = request.getFrom();
        long left = request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit();
        while (left > 0) {
            var part = QueryResponse.newBuilder();
            int most = (int) Math.min(left, rows);
            audit(request.toBuilder().setFrom(next).setLimit(most).build(), most, part);
            each.accept(part.build());
            if (part.getAuditCount() < most) {
                return;
            }
            left -= part.getAuditCount();
            next = part.getAudit(part.getAuditCount() - 1).getNumber() + 1;
        }
    }

    private void grants(Caller caller, int rows, Consumer<QueryResponse> each) {
        try (var capture = leadership.quorum().capture()) {
            RightsQueries.grants(capture, caller, rows, each);
        }
    }

    private Volume volume(String name) throws ControlFailure {
        return leadership
                .read(view -> view.volume(name))
                .orElseThrow(() ->
                        new ControlFailure(
                                Code.CODE_NOT_FOUND, "no volume is called '" + name + "'"));
    }

    private OpenedSource open(SnapshotName source) throws ControlFailure {
        Volume volume = volume(source.getVolume());
        var opened = OpenedSource.newBuilder().setVolume(volume.id());
        var key = volume.key();
        if (key != null) {
            opened.setKey(GovernanceCodec.encode(key));
        }
        if (source.getSnapshot().isEmpty()) {
            return opened.setSize(volume.size()).setGeneration(volume.generation()).build();
        }
        Snapshot snapshot = snapshot(source);
        return opened.setSnapshot(snapshot.id())
                .setSize(snapshot.size())
                .setGeneration(snapshot.generation())
                .build();
    }

    private Snapshot snapshot(SnapshotName name) throws ControlFailure {
        return leadership
                .read(view -> view.snapshot(name.getVolume(), name.getSnapshot()))
                .orElseThrow(() ->
                        new ControlFailure(
                                Code.CODE_NOT_FOUND,
                                "no snapshot is called '"
                                        + name.getVolume()
                                        + "@"
                                        + name.getSnapshot()
                                        + "'"));
    }

    private RefcountCheck recount() {
        try (var capture = leadership.quorum().capture()) {
            RefcountReport report = capture.recount();
            return RefcountCheck.newBuilder()
                    .setErrors(report.errors())
                    .addAllDetails(report.details())
                    .setChunks(report.chunks())
                    .setMappedSlots(report.mappedSlots())
                    .build();
        }
    }

    private static ClusterInfo cluster(MetadataView view) {
        var info =
                ClusterInfo.newBuilder()
                        .setInitialized(view.config().isPresent())
                        .setConfig(Answers.config(view.config()));
        view.groups().forEach(group -> info.addGroups(Answers.group(view, group)));
        return info.build();
    }

    // ------------------------------------------------------------ nodes and status

    private void nodes(MetadataView view, QueryResponse.Builder response) {
        var groupsOf = new TreeMap<Integer, Integer>();
        view.groups()
                .forEach(
                        g -> g.replicas().forEach(r -> groupsOf.merge(r.store(), 1, Integer::sum)));
        for (Node node : view.nodes()) {
            var info =
                    NodeInfo.newBuilder()
                            .setId(node.id())
                            .setName(node.name())
                            .setAddress(node.address())
                            .setState(node.up() ? node.draining() ? "draining" : "up" : "down")
                            .setDraining(node.draining())
                            .setIncarnation(node.incarnation())
                            .setPid(node.pid())
                            .setRack(node.rack())
                            .setHttpAddress(node.httpAddress());
            for (Store store : view.stores()) {
                if (store.node() == node.id()) {
                    info.addStores(store(store, groupsOf.getOrDefault(store.id(), 0)));
                }
            }
            response.addNodes(info);
        }
    }

    private StoreInfo store(Store store, int groups) {
        var report =
                leadership.nodes().report(store.uuid()).orElseGet(StoreReport::getDefaultInstance);
        return StoreInfo.newBuilder()
                .setId(store.id())
                .setUuid(store.uuid())
                .setState(store.up() ? "up" : store.failed() ? "failed" : "down")
                .setFailed(store.failed())
                .setUsedBytes(report.getUsedBytes())
                .setCapacityBytes(
                        report.getCapacityBytes() > 0
                                ? report.getCapacityBytes()
                                : store.capacityBytes())
                .setLiveBytes(report.getLiveBytes())
                .setGroups(groups)
                .setScrub(report.getScrub())
                .build();
    }

    private ClusterStatus status(MetadataView view) {
        var quorum = leadership.quorum();
        var status =
                ClusterStatus.newBuilder()
                        .setLeader(leadership.config().id())
                        .addAllServers(
                                quorum.membership().members().stream().map(Member::id).toList())
                        .setNodes(view.nodes().size())
                        .setNodesUp((int) view.nodes().stream().filter(Node::up).count())
                        .setVolumes(view.volumeCount())
                        .setSnapshots(view.snapshotCount())
                        .setCluster(view.config().map(ClusterConfig::cluster).orElse(""))
                        .setInitialized(view.config().isPresent())
                        .setLogIndex(quorum.logIndex())
                        .setEntriesWithFlips(quorum.entriesWithFlips())
                        .setFlips(view.flips());
        var groups = new TreeMap<String, Integer>();
        for (Group group : view.groups()) {
            groups.merge(Answers.health(view, group), 1, Integer::sum);
        }
        view.stores()
                .forEach(store -> {
                    var info = store(store, 0);
                    status.setUsedBytes(status.getUsedBytes() + info.getUsedBytes());
                    status.setCapacityBytes(status.getCapacityBytes() + info.getCapacityBytes());
                });
        long left = leadership.repair().bytesLeft(view);
        return status.putAllGroups(groups)
                .setRepairBytesLeft(left)
                .setRepairEtaSeconds(leadership.repair().etaSeconds(left))
                .setHealth(health(view, groups))
                .build();
    }

    private static String health(MetadataView view, TreeMap<String, Integer> groups) {
        if (view.config().isEmpty() || groups.containsKey("unavailable")) {
            return "unavailable";
        }
        boolean allUp = view.nodes().stream().allMatch(Node::up);
        return groups.containsKey("degraded") || !allUp ? "degraded" : "ok";
    }

    // ------------------------------------------------------------ answers in parts

    void stream(QueryRequest request, Caller caller, Consumer<QueryResponse> each)
            throws ControlFailure {
        leadership.confirm();
        permissions.require(caller, request);
        int rows = leadership.config().sessions().streamRows();
        switch (request.getQueryCase()) {
            case LIST_MAPPED_CHUNKS ->
                    mappedChunks(request.getListMappedChunks().getGroup(), rows, each);
            case GET_DIFF -> diff(request.getGetDiff(), rows, each);
            case READ_AUDIT -> audit(request.getReadAudit(), rows, each);
            case LIST_GRANTS -> grants(caller, rows, each);
            default -> each.accept(permissions.reduced(caller, answer(request, caller).build()));
        }
    }

    private void mappedChunks(int group, int rows, Consumer<QueryResponse> each) {
        try (var capture = leadership.quorum().capture()) {
            var part = QueryResponse.newBuilder();
            capture.mappedChunksOf(
                    group,
                    chunk -> {
                        part.addMappedChunks(chunk);
                        if (part.getMappedChunksCount() >= rows) {
                            each.accept(part.build());
                            part.clear();
                        }
                    });
            each.accept(part.build());
        }
    }

    private void diff(GetDiff request, int rows, Consumer<QueryResponse> each)
            throws ControlFailure {
        try (var capture = leadership.quorum().capture()) {
            Source from = source(capture, request.getFrom());
            Source to = source(capture, request.getTo());
            long chunkBytes =
                    capture.config().map(ClusterConfig::chunkBytes).orElse(CHUNK_BYTES_BEFORE_INIT);
            var part = QueryResponse.newBuilder();
            capture.diff(
                    from.root(),
                    to.root(),
                    run -> {
                        long offset = run.index() * chunkBytes;
                        long length =
                                Math.min(
                                        run.count() * chunkBytes,
                                        Math.max(from.size(), to.size()) - offset);
                        if (length > 0) {
                            part.addDiff(
                                    DiffExtent.newBuilder()
                                            .setOffset(offset)
                                            .setLength(length)
                                            .setZero(!run.mapped()));
                        }
                        if (part.getDiffCount() >= rows) {
                            each.accept(part.build());
                            part.clear();
                        }
                    });
            each.accept(part.build());
        }
    }

    private record Source(MapRoot root, long size) {}

    private static Source source(MetadataView view, SnapshotName name) throws ControlFailure {
        Volume volume =
                view.volume(name.getVolume())
                        .orElseThrow(() ->
                                new ControlFailure(
                                        Code.CODE_NOT_FOUND,
                                        "no volume is called '" + name.getVolume() + "'"));
        if (name.getSnapshot().isEmpty()) {
            return new Source(volume.root(), volume.size());
        }
        return view.snapshot(name.getVolume(), name.getSnapshot())
                .map(s -> new Source(s.root(), s.size()))
                .orElseThrow(() ->
                        new ControlFailure(
                                Code.CODE_NOT_FOUND,
                                "no snapshot is called '"
                                        + name.getVolume()
                                        + "@"
                                        + name.getSnapshot()
                                        + "'"));
    }
}
