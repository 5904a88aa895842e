package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Principal;
import io.coppice.metadata.core.Rights;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.AttachmentInfo;
import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.ChangeGrant;
import io.coppice.wire.pb.CheckRefcounts;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetDiff;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.GetUsage;
import io.coppice.wire.pb.GrantInfo;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.ListMappedChunks;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.PrincipalInfo;
import io.coppice.wire.pb.ProjectInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.ReadAudit;
import io.coppice.wire.pb.ShowVolume;
import io.coppice.wire.pb.SnapshotInfo;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.VolumeInfo;
import io.coppice.wire.pb.WhoAmI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What somebody may ask for, and what he sees of the answer.
class PermissionsTest {
    private static final int NODES = 3;
    private static final long SESSION = 500;
    private static final Caller ADMIN = new Caller(Principal.ADMIN, "h:1", true);
    private static final Caller ALICE = new Caller("alice", "h:2", true);
    private static final Caller EVE = new Caller("eve", "h:3", true);

    private final AtOnceQuorum quorum = new AtOnceQuorum();
    private final Leadership leadership = quorum.leadership();
    private final Permissions permissions = new Permissions(leadership);

    @BeforeEach
    void aClusterWithTwoVolumes() {
        quorum.registerNodes(NODES);
        admin(
                new Command.InitializeCluster(
                        new ClusterConfig("c", NODES, 2, 4, 64 << 10, false, 1_000)));
        admin(new Command.CreatePrincipal("alice", Principal.Kind.PERSON));
        admin(new Command.CreatePrincipal("bob", Principal.Kind.PERSON));
        admin(new Command.PutProject("dev", ""));
        admin(new Command.PutProject("prod", ""));
        admin(new Command.CreateVolume("hers", 1 << 20, Map.of(), "dev", 0));
        admin(new Command.CreateVolume("secret", 1 << 20, Map.of(), "prod", 0));
        for (String volume : List.of("hers", "secret")) {
            var cut = new Command.SnapshotCut(volume, "s", null);
            admin(new Command.CreateSnapshots(List.of(cut), Map.of()));
        }
        admin(new Command.ChangeGrant("alice", "dev", "", Rights.USER, false));
    }

    private void admin(Command command) {
        assertInstanceOf(Outcome.Done.class, quorum.as(Principal.ADMIN, 0, command));
    }

    private long id(String volume) {
        return quorum.read(view -> view.volume(volume).orElseThrow().id());
    }

    private long snapshotId(String volume) {
        return quorum.read(view -> view.snapshot(volume, "s").orElseThrow().id());
    }

    private void allowed(Caller caller, QueryRequest.Builder query) {
        assertDoesNotThrow(() -> permissions.require(caller, query.build()));
    }

    private void forbidden(Caller caller, QueryRequest.Builder query) {
        var refused =
                assertThrows(
                        ControlFailure.class,
                        () -> permissions.require(caller, query.build()),
                        () -> caller + " " + query);
        assertEquals(Code.CODE_NOT_ALLOWED, refused.code());
        var told = quorum.read(view -> view.audit(1, Integer.MAX_VALUE)).getLast();
        assertEquals(caller.name(), told.principal());
        assertEquals(refused.message(), told.refusal());
    }

    private static QueryRequest.Builder query() {
        return QueryRequest.newBuilder();
    }

    private static SnapshotName source(String volume) {
        return SnapshotName.newBuilder().setVolume(volume).setSnapshot("s").build();
    }

    private List<QueryRequest.Builder> dataOf(String volume) {
        return List.of(
                query().setShowVolume(ShowVolume.newBuilder().setName(volume)),
                query().setGetUsage(GetUsage.newBuilder().setName(volume)),
                query().setOpenSource(OpenSource.newBuilder().setSource(source(volume))),
                query().setGetDiff(
                                GetDiff.newBuilder().setFrom(source("hers")).setTo(source(volume))),
                query().setGetMapPages(GetMapPages.newBuilder().setVolume(id(volume))),
                query().setGetMapPages(GetMapPages.newBuilder().setSnapshot(snapshotId(volume))));
    }

    @Test
    void dataIsReadByWhoMayReadIt() {
        dataOf("hers").forEach(query -> allowed(ALICE, query));
        dataOf("secret").forEach(query -> forbidden(ALICE, query));
        dataOf("secret").forEach(query -> allowed(ADMIN, query));
        dataOf("secret").forEach(query -> allowed(Caller.said("anybody"), query));
    }

    @Test
    void whatIsOfTheWholeClusterIsForItsAdministrators() {
        for (QueryRequest.Builder query :
                List.of(
                        query().setReadAudit(ReadAudit.getDefaultInstance()),
                        query().setCheckRefcounts(CheckRefcounts.getDefaultInstance()),
                        query().setListMappedChunks(ListMappedChunks.getDefaultInstance()),
                        query().setGetMapPages(GetMapPages.newBuilder().setSnapshot(1 << 20)))) {
            forbidden(ALICE, query);
            allowed(ADMIN, query);
        }
        var change =
                ExecuteRequest.newBuilder()
                        .setAddMetadataServer(AddMetadataServer.newBuilder().setId("m9"))
                        .build();
        assertThrows(ControlFailure.class, () -> permissions.requireOfQuorum(ALICE, change));
        assertDoesNotThrow(() -> permissions.requireOfQuorum(ADMIN, change));
    }

    @Test
    void strangersOnlyHearThatTheyAre() {
        forbidden(EVE, query().setGetStatus(GetStatus.getDefaultInstance()));
        forbidden(EVE, query().setListVolumes(ListVolumes.getDefaultInstance()));
        allowed(EVE, query().setWhoAmI(WhoAmI.getDefaultInstance()));
        var eve = quorum.read(view -> RightsQueries.caller(view, EVE));
        assertTrue(eve.getAuthenticated());
        assertEquals(List.of(), eve.getVerbsList());
        assertEquals("admin", quorum.read(view -> RightsQueries.caller(view, ADMIN)).getRole());
    }

    private QueryResponse everything() {
        var all = QueryResponse.newBuilder().setUsage(Usage.newBuilder().setProvisionedBytes(9));
        for (String name : List.of("hers", "secret")) {
            var volume = VolumeInfo.newBuilder().setId(id(name)).setName(name).build();
            all.addVolumes(volume)
                    .addSnapshots(SnapshotInfo.newBuilder().setVolume(name).setName("s"))
                    .addLineage(LineageEntry.newBuilder().setId(volume.getId()))
                    .addLineage(LineageEntry.newBuilder().setId(snapshotId(name)))
                    .addAttachments(
                            AttachmentInfo.newBuilder().setVolumeId(volume.getId()).setSession(7));
            all.getUsageBuilder().addVolumes(volume);
        }
        return all.addProjects(ProjectInfo.newBuilder().setName("dev"))
                .addProjects(ProjectInfo.newBuilder().setName("prod"))
                .build();
    }

    @Test
    void listsShowWhatSomebodyHasARightOn() {
        QueryResponse all = everything();
        assertEquals(all, permissions.reduced(ADMIN, all));
        assertEquals(all, permissions.reduced(Caller.said("anybody"), all));
        QueryResponse hers = permissions.reduced(ALICE, all);
        assertEquals(List.of("hers"), names(hers.getVolumesList()));
        assertEquals(List.of("hers"), names(hers.getUsage().getVolumesList()));
        assertEquals(9, hers.getUsage().getProvisionedBytes());
        assertEquals(1, hers.getSnapshotsCount());
        assertEquals(2, hers.getLineageCount());
        assertEquals(1, hers.getAttachmentsCount());
        assertEquals(0, hers.getAttachments(0).getSession(), "others could act in it");
        assertEquals("dev", hers.getProjects(0).getName());
        assertEquals(1, hers.getProjectsCount());
        assertEquals(0, permissions.reduced(EVE, all).getVolumesCount());
    }

    @Test
    void whoSeesAllButAdministersNothingSeesNoSessions() {
        admin(new Command.ChangeGrant("alice", "", "", Rights.VIEWER, false));
        QueryResponse seen = permissions.reduced(ALICE, everything());
        assertEquals(2, seen.getAttachmentsCount());
        assertEquals(0, seen.getAttachments(1).getSession());
    }

    private boolean isFor(Caller caller, long volume) {
        return quorum.read(view -> Permissions.isFor(view, caller, volume));
    }

    /// A name says little: what was hers may be somebody else's now.
    @Test
    void whatWillHappenIsToldToWhomItConcerns() {
        long hers = id("hers");
        admin(new Command.DeleteVolume("hers", false));
        admin(new Command.CreateVolume("hers", 1 << 20, Map.of(), "prod", 0));
        long theirs = id("hers");
        assertTrue(isFor(ALICE, hers));
        assertFalse(isFor(ALICE, theirs));
        assertFalse(isFor(ALICE, 0));
        assertTrue(isFor(ADMIN, 0));
    }

    private static List<String> names(List<VolumeInfo> volumes) {
        return volumes.stream().map(VolumeInfo::getName).toList();
    }

    private List<GrantInfo> grants(Caller caller) {
        var all = new ArrayList<GrantInfo>();
        quorum.read(view -> {
            RightsQueries.grants(view, caller, 2, part -> all.addAll(part.getGrantsList()));
            return view;
        });
        return all;
    }

    private List<String> principals(Caller caller) {
        var response = QueryResponse.newBuilder();
        quorum.read(view -> {
            RightsQueries.principals(view, caller, response);
            return view;
        });
        return response.getPrincipalsList().stream().map(PrincipalInfo::getName).toList();
    }

    @Test
    void whoHasWhatIsToldToWhomItConcerns() {
        assertEquals(List.of("admin", "gateway", "alice", "bob"), principals(ADMIN));
        assertEquals(List.of("alice"), principals(ALICE));
        assertEquals(List.of(), principals(EVE));
        assertEquals(5, grants(ADMIN).size());
        assertEquals(
                List.of("alice"), grants(ALICE).stream().map(GrantInfo::getPrincipal).toList());
        admin(new Command.ChangeGrant("alice", "dev", "", Rights.ADMIN, false));
        // What is given on a volume in a project is its administrator's to see.
        assertEquals(2, grants(ALICE).size());
    }

    @Test
    void aRightThatIsTakenFencesItsHolder() {
        var barriers = new ArrayList<Barrier>();
        for (int node = 1; node <= NODES; node++) {
            leadership.barriers().connected(node, barriers::add);
        }
        quorum.as("alice", 0, new Command.OpenSession(SESSION, "alice", false));
        var held =
                assertInstanceOf(
                        Outcome.Attached.class,
                        quorum.as("alice", SESSION, new Command.Attach("hers", 0)));
        var commands =
                new AdminCommands(
                        leadership,
                        new Cuts(leadership),
                        new KeyRotation(leadership, Entropy.system()));
        var revoke =
                ExecuteRequest.newBuilder()
                        .setSession(1)
                        .setSequence(1)
                        .setChangeGrant(
                                ChangeGrant.newBuilder()
                                        .setPrincipal("alice")
                                        .setProject("dev")
                                        .addRights("write")
                                        .setRevoked(true))
                        .build();
        assertThrows(CompletionException.class, () -> commands.execute(revoke, ALICE).join());
        assertEquals(List.of(), barriers);
        var again = revoke.toBuilder().setSequence(2).build();
        commands.execute(again, ADMIN).join();
        assertEquals(NODES, barriers.size());
        var fence = barriers.getFirst().getVolumes(0);
        assertEquals(held.volume().id(), fence.getVolume());
        assertTrue(fence.getMinFence() > held.attachment().fence());
    }
}
