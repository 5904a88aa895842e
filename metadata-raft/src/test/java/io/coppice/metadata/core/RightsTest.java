package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.Rights.Verb;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Who may do what, when the quorum knows who asks.
class RightsTest {
    private static final String ALICE = "alice";
    private static final String BOB = "bob";
    private static final long ALICES = 501;
    private static final long BOBS = 502;

    private Cluster cluster = Cluster.ready();

    @BeforeEach
    void aClusterWithTwoPeople() {
        person(ALICE);
        person(BOB);
        admin(new Command.PutProject("dev", ""));
        admin(new Command.PutProject("prod", ""));
        admin(new Command.CreateVolume("base", Cluster.CHUNK, Map.of(), "prod", 0));
    }

    private void admin(Command command) {
        done(Principal.ADMIN, command);
    }

    private void person(String name) {
        admin(new Command.CreatePrincipal(name, Principal.Kind.PERSON));
    }

    private void done(String who, Command command) {
        Outcome outcome = cluster.as(who, 0, command);
        assertInstanceOf(Outcome.Done.class, outcome, () -> who + ": " + command + ": " + outcome);
    }

    private void forbidden(String who, Command command) {
        cluster.advance(60_000); // of each minute some refusals are told
        byte[] before = maps();
        Outcome outcome = cluster.as(who, 0, command);
        var refused = assertInstanceOf(Outcome.Refused.class, outcome, () -> who + ": " + command);
        assertEquals(Refusal.NOT_ALLOWED, refused.code(), refused::message);
        assertArrayEquals(before, maps(), "a refused command changed something");
        AuditEntry told = last();
        assertEquals(who, told.principal());
        assertEquals(refused.message(), told.refusal());
    }

    /// What is not the audit log, as far as a test can tell.
    private byte[] maps() {
        var view = cluster.view();
        return (view.volumes()
                        + " "
                        + view.trash()
                        + view.principals()
                        + view.grants()
                        + view.projects()
                        + view.policies()
                        + view.attachments()
                        + view.snapshotCount())
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private AuditEntry last() {
        return cluster.view().audit(1, Integer.MAX_VALUE).getLast();
    }

    private void give(String who, Rights rights, String project, String volume) {
        admin(new Command.ChangeGrant(who, project, volume, rights, false));
    }

    private Outcome take(String who, Rights rights, String project, String volume) {
        return cluster.as(
                Principal.ADMIN, 0, new Command.ChangeGrant(who, project, volume, rights, true));
    }

    private static Command create(String name, String project) {
        return new Command.CreateVolume(name, Cluster.CHUNK, Map.of(), project, 0);
    }

    private static Command cloneOf(String source, String name, String project) {
        return new Command.CreateClones(source, "", null, List.of(name), Map.of(), 0, project);
    }

    private static Command snapshot(String volume) {
        return new Command.CreateSnapshots(
                List.of(new Command.SnapshotCut(volume, "s", null)), Map.of());
    }

    private Outcome.Attached attach(String who, long session, String volume) {
        assertInstanceOf(
                Outcome.Done.class,
                cluster.as(who, 0, new Command.OpenSession(session, who, false)));
        return assertInstanceOf(
                Outcome.Attached.class, cluster.as(who, session, new Command.Attach(volume, 0)));
    }

    private Rights of(String who, String volume) {
        return cluster.view()
                .rights(
                        new Caller(who, "", true),
                        Grant.Scope.ofVolume(cluster.volume(volume).id()));
    }

    // ------------------------------------------------------------ deny by default

    @Test
    void nobodyWhoIsNotKnownDoesAnything() {
        forbidden("eve", create("v", ""));
        forbidden("eve", new Command.OpenSession(9, "eve", false));
        forbidden("eve", new Command.CreatePrincipal("eve", Principal.Kind.PERSON));
        admin(new Command.CreatePrincipal("ops", Principal.Kind.TEAM));
        give("ops", Rights.ADMIN, "", "");
        forbidden("ops", create("v", "")); // nobody is a team
    }

    @Test
    void whoIsNotAuthenticatedIsNotChecked() {
        cluster.done(create("free", "prod"));
        cluster.done(new Command.DeletePrincipal(BOB));
        assertEquals(Optional.empty(), cluster.view().principal(BOB));
    }

    @Test
    void aNewPrincipalMayDoNothing() {
        for (Command command : everythingOnAVolume("base")) {
            forbidden(ALICE, command);
        }
        forbidden(ALICE, create("v", ""));
        forbidden(ALICE, create("v", "dev"));
        for (Command command : ofTheCluster()) {
            forbidden(ALICE, command);
        }
    }

    private static List<Command> everythingOnAVolume(String name) {
        return List.of(
                new Command.DeleteVolume(name, false),
                new Command.DeleteVolume(name, true),
                new Command.ResizeVolume(name, 2 * Cluster.CHUNK, 0),
                new Command.RenameVolume(name, "other"),
                new Command.ChangeVolume(name, null, true, null, null, null, null, Map.of()),
                new Command.ChangeVolume(name, null, null, false, null, null, null, Map.of()),
                new Command.ChangeVolume(name, null, null, null, null, null, "dev", Map.of()),
                new Command.ChangeVolume(
                        name, null, null, null, null, null, null, Map.of("a", "b")),
                snapshot(name),
                new Command.DeleteSnapshot(name, "s"),
                new Command.ChangeSnapshot(name, "s", 0L, null),
                new Command.RollbackVolume(name, "s", null),
                cloneOf(name, "copy", "dev"),
                cloneOf(name, "copy", ""),
                new Command.SwapVolumes(name, null, name, null),
                new Command.ResetVolume(name, null, 1, "", null, ""),
                new Command.Attach(name, 0),
                new Command.BreakAttachment(name),
                new Command.ChangeGrant(ALICE, "", name, Rights.VIEWER, false));
    }

    private static List<Command> ofTheCluster() {
        return List.of(
                new Command.InitializeCluster(Cluster.config(4)),
                new Command.PutProject("p", ""),
                new Command.DeleteProject("dev"),
                new Command.PutQuota("dev", Quota.NONE),
                new Command.DeletePolicy("x"),
                new Command.DrainNode("node1", true),
                new Command.RemoveNode("node1"),
                new Command.CreatePrincipal("p", Principal.Kind.TEAM),
                new Command.DeletePrincipal(BOB),
                new Command.RenamePrincipal(BOB, ALICE + "2"),
                new Command.ChangeTeam("t", ALICE, false),
                new Command.ChangeGrant(ALICE, "", "", Rights.ADMIN, false),
                new Command.ChangeGrant(ALICE, "dev", "", Rights.ADMIN, false),
                new Command.RaiseFormat(9),
                new Command.RaiseGeneration(1, 1),
                new Command.Note("admin", "", "lie", "", "", ""),
                new Command.CloseSession(Cluster.SESSION),
                new Command.NodeLost(1, 1),
                new Command.ChunksPurged(1, List.of(1L)),
                new Command.RunDue(10),
                new Command.ReapStep(1));
    }

    // ------------------------------------------------------------ roles and verbs

    @Test
    void rolesGrow() {
        assertTrue(Rights.USER.has(Rights.VIEWER));
        assertTrue(Rights.EDITOR.has(Rights.USER));
        assertTrue(Rights.ADMIN.has(Rights.EDITOR));
        assertFalse(Rights.VIEWER.has(Rights.USER));
        assertEquals(Optional.of(Rights.EDITOR), Rights.named(List.of("editor")));
        assertEquals(
                Optional.of(Rights.of(Verb.READ, Verb.CLONE)),
                Rights.named(List.of("viewer", "clone")));
        assertEquals(Optional.empty(), Rights.named(List.of("viewer", "root")));
        assertEquals("editor", Rights.EDITOR.text());
        assertEquals("read,clone", Rights.of(Verb.CLONE, Verb.READ).text());
    }

    @Test
    void eachVerbIsGivenAlone() {
        give(ALICE, Rights.of(Verb.DELETE), "", "base");
        forbidden(ALICE, snapshot("base"));
        done(ALICE, new Command.DeleteVolume("base", false));
        done(ALICE, new Command.RestoreVolume("base", ""));
        give(BOB, Rights.of(Verb.SNAPSHOT), "", "base");
        done(BOB, snapshot("base"));
        forbidden(BOB, new Command.DeleteSnapshot("base", "s"));
        done(ALICE, new Command.DeleteSnapshot("base", "s"));
    }

    @Test
    void aProjectsRightsHoldForItsVolumesOnly() {
        give(ALICE, Rights.EDITOR, "dev", "");
        done(ALICE, create("mine", "dev"));
        forbidden(ALICE, create("mine2", "prod"));
        forbidden(ALICE, new Command.DeleteVolume("base", false));
        give(BOB, Rights.of(Verb.DELETE), "dev", "");
        done(BOB, new Command.DeleteVolume("mine", false));
    }

    @Test
    void governingAVolumeTakesMoreThanEditingIt() {
        give(ALICE, Rights.EDITOR, "prod", "");
        done(
                ALICE,
                new Command.ChangeVolume(
                        "base", 1L << 60, null, null, null, null, null, Map.of("a", "b")));
        forbidden(
                ALICE,
                new Command.ChangeVolume("base", null, null, true, null, null, null, Map.of()));
        forbidden(
                ALICE,
                new Command.ChangeVolume("base", null, null, null, null, "", null, Map.of()));
        give(ALICE, Rights.ADMIN, "prod", "");
        forbidden( // she may not make volumes in dev
                ALICE,
                new Command.ChangeVolume("base", null, null, null, null, null, "dev", Map.of()));
        give(ALICE, Rights.of(Verb.EDIT), "dev", "");
        done(
                ALICE,
                new Command.ChangeVolume("base", null, null, null, null, null, "dev", Map.of()));
    }

    @Test
    void nobodyGivesWhatHeHasNot() {
        give(ALICE, Rights.of(Verb.ADMINISTER, Verb.READ), "dev", "");
        done(ALICE, new Command.ChangeGrant(BOB, "dev", "", Rights.VIEWER, false));
        forbidden(ALICE, new Command.ChangeGrant(BOB, "dev", "", Rights.USER, false));
        forbidden(ALICE, new Command.ChangeGrant(ALICE, "dev", "", Rights.ADMIN, false));
        forbidden(ALICE, new Command.ChangeGrant(ALICE, "", "", Rights.VIEWER, false));
        done(ALICE, new Command.ChangeGrant(BOB, "dev", "", Rights.ADMIN, true));
    }

    @Test
    void teamsGiveTheirRightsWhileOneIsInThem() {
        admin(new Command.CreatePrincipal("devs", Principal.Kind.TEAM));
        give("devs", Rights.EDITOR, "dev", "");
        forbidden(ALICE, create("v", "dev"));
        admin(new Command.ChangeTeam("devs", ALICE, false));
        done(ALICE, create("v", "dev"));
        admin(new Command.ChangeTeam("devs", ALICE, true));
        forbidden(ALICE, create("w", "dev"));
        admin(new Command.ChangeTeam("devs", ALICE, false));
        admin(new Command.DeletePrincipal("devs"));
        forbidden(ALICE, create("w", "dev"));
        assertEquals(
                List.of(), cluster.view().principal(ALICE).map(Principal::teams).orElseThrow());
    }

    // ------------------------------------------------------------ clones

    @Test
    void aCloneTakesARightOnTheSourceAndOneInTheProject() {
        give(ALICE, Rights.EDITOR, "dev", "");
        forbidden(ALICE, cloneOf("base", "copy", "dev"));
        give(ALICE, Rights.of(Verb.CLONE), "", "base");
        forbidden(ALICE, cloneOf("base", "copy", ""));
        done(ALICE, cloneOf("base", "copy", "dev"));
        give(BOB, Rights.of(Verb.CLONE), "", "base");
        forbidden(BOB, cloneOf("base", "copy2", "dev"));
    }

    @Test
    void aCloneHasNothingOfItsParentsRights() {
        give(ALICE, Rights.EDITOR, "dev", "");
        give(ALICE, Rights.of(Verb.CLONE), "", "base");
        give(BOB, Rights.ADMIN, "", "base");
        give(BOB, Rights.EDITOR, "prod", "");
        done(ALICE, cloneOf("base", "copy", "dev"));
        assertEquals(Rights.NONE, of(BOB, "copy"));
        assertEquals(Rights.EDITOR, of(ALICE, "copy"));
        forbidden(BOB, new Command.DeleteVolume("copy", false));
    }

    @Test
    void whoMadeAVolumeMayUseItUntilThatIsTakenAway() {
        give(ALICE, Rights.of(Verb.EDIT), "dev", "");
        done(ALICE, create("mine", "dev"));
        assertEquals(Rights.EDITOR, of(ALICE, "mine"));
        forbidden(ALICE, new Command.ChangeGrant(BOB, "", "mine", Rights.VIEWER, false));
        take(ALICE, Rights.ADMIN, "", "mine");
        assertEquals(Rights.of(Verb.EDIT), of(ALICE, "mine"));
    }

    @Test
    void aConfinedSourceStaysInItsProjectWhateverRightsSomebodyHas() {
        give(ALICE, Rights.EDITOR, "dev", "");
        give(ALICE, Rights.EDITOR, "prod", "");
        admin(new Command.ChangeVolume("base", null, null, true, null, null, null, Map.of()));
        forbidden(ALICE, cloneOf("base", "copy", "dev"));
        done(ALICE, cloneOf("base", "copy", ""));
        forbidden( // a clone's maker does not set it free
                ALICE,
                new Command.ChangeVolume("copy", null, null, false, null, null, null, Map.of()));
    }

    @Test
    void whatAnotherVolumeHoldsDoesNotComeInByAResetOrAnExchange() {
        give(ALICE, Rights.EDITOR, "dev", "");
        give(ALICE, Rights.of(Verb.CLONE), "", "base");
        done(ALICE, cloneOf("base", "copy", "dev"));
        long base = cluster.volume("base").id();
        done(ALICE, new Command.ResetVolume("copy", null, base, "", null, ""));
        take(ALICE, Rights.ADMIN, "", "base");
        forbidden(ALICE, new Command.ResetVolume("copy", null, base, "", null, ""));
        forbidden(ALICE, new Command.SwapVolumes("copy", null, "base", null));
        done(ALICE, snapshot("copy"));
        long copy = cluster.volume("copy").id();
        done(ALICE, new Command.ResetVolume("copy", null, copy, "s", null, ""));
    }

    // ------------------------------------------------------------ attachments

    @Test
    void toAttachTakesReadingAndWriting() {
        give(ALICE, Rights.VIEWER, "", "base");
        done(ALICE, new Command.OpenSession(ALICES, ALICE, false));
        var refused =
                assertInstanceOf(
                        Outcome.Refused.class,
                        cluster.as(ALICE, ALICES, new Command.Attach("base", 0)));
        assertEquals(Refusal.NOT_ALLOWED, refused.code());
        assertTrue(refused.message().contains("role grant write alice --volume base"));
        give(ALICE, Rights.USER, "", "base");
        assertInstanceOf(
                Outcome.Attached.class, cluster.as(ALICE, ALICES, new Command.Attach("base", 0)));
    }

    @Test
    void aRightThatIsTakenTakesTheAttachmentInTheSameStep() {
        give(ALICE, Rights.USER, "", "base");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        var changed = (Outcome.RightsChanged) take(ALICE, Rights.of(Verb.WRITE), "", "base");
        assertEquals(List.of(attached.attachment()), changed.ended());
        assertBroken(attached);
        var flip =
                new Command.Flip(
                        attached.volume().id(),
                        attached.volume().generation(),
                        attached.attachment().fence(),
                        List.of());
        assertInstanceOf(Outcome.Refused.class, cluster.as(ALICE, ALICES, flip));
    }

    private void assertBroken(Outcome.Attached attached) {
        assertEquals(Optional.empty(), cluster.view().attachment(attached.volume().id()));
        Volume now = cluster.view().volume(attached.volume().id()).orElseThrow();
        assertTrue(now.fence() > attached.attachment().fence(), "the fence did not rise");
        assertTrue(now.looseFence());
    }

    @Test
    void aRightFromElsewhereKeepsTheAttachment() {
        give(ALICE, Rights.USER, "", "base");
        give(ALICE, Rights.USER, "prod", "");
        attach(ALICE, ALICES, "base");
        var changed = (Outcome.RightsChanged) take(ALICE, Rights.USER, "", "base");
        assertEquals(List.of(), changed.ended());
    }

    @Test
    void whoIsDeletedWhileAttachedLosesItAndTheNameIsFree() {
        give(ALICE, Rights.EDITOR, "", "");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        admin(new Command.DeletePrincipal(ALICE));
        assertBroken(attached);
        forbidden(ALICE, snapshot("base"));
        person(ALICE);
        assertEquals(Rights.NONE, of(ALICE, "base"));
        // The session of the one before is not hers.
        var refused = cluster.as(ALICE, ALICES, new Command.Attach("base", 0));
        assertEquals(Refusal.NOT_ALLOWED, ((Outcome.Refused) refused).code());
        forbidden(ALICE, new Command.OpenSession(ALICES, ALICE, true));
    }

    @Test
    void whoIsRenamedWhileAttachedLosesItAndKeepsHisRights() {
        give(ALICE, Rights.USER, "", "base");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        admin(new Command.RenamePrincipal(ALICE, "alicia"));
        assertBroken(attached);
        forbidden(ALICE, new Command.OpenSession(ALICES, ALICE, true));
        attach("alicia", BOBS, "base");
        person(ALICE);
        assertEquals(Rights.NONE, of(ALICE, "base"));
    }

    @Test
    void aTeamThatGoesTakesTheAttachmentsOfItsMembers() {
        admin(new Command.CreatePrincipal("devs", Principal.Kind.TEAM));
        admin(new Command.ChangeTeam("devs", ALICE, false));
        give("devs", Rights.USER, "prod", "");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        admin(new Command.DeletePrincipal("devs"));
        assertBroken(attached);
    }

    @Test
    void aVolumeThatMovesOutOfReachIsTaken() {
        give(ALICE, Rights.USER, "prod", "");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        admin(new Command.ChangeVolume("base", null, null, null, null, null, "dev", Map.of()));
        assertBroken(attached);
    }

    @Test
    void oneBreaksOnesOwnAttachmentOnly() {
        give(ALICE, Rights.USER, "", "base");
        give(BOB, Rights.EDITOR, "", "base");
        attach(ALICE, ALICES, "base");
        forbidden(BOB, new Command.BreakAttachment("base"));
        done(ALICE, new Command.BreakAttachment("base"));
    }

    @Test
    void nobodyActsInAnothersSession() {
        give(ALICE, Rights.USER, "", "base");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        Volume volume = attached.volume();
        for (Command command :
                List.of(
                        new Command.Detach(volume.id(), attached.attachment().fence(), false),
                        new Command.LeaseChunkIds(List.of(0), 1),
                        new Command.Attach("base", 0),
                        snapshot("base"))) {
            var refused = (Outcome.Refused) cluster.as(BOB, ALICES, command);
            assertEquals(Refusal.NOT_ALLOWED, refused.code());
        }
        forbidden(BOB, new Command.OpenSession(ALICES, BOB, true));
        assertTrue(cluster.view().attachment(volume.id()).isPresent());
    }

    /// Else somebody who knows a session's number would put words into its holder's mouth.
    @Test
    void whatAnotherSaysInASessionIsNoAnswerOfIt() {
        give(ALICE, Rights.EDITOR, "", "base");
        done(ALICE, new Command.OpenSession(ALICES, ALICE, false));
        var asBob = new Stamped(ALICES, 7, 0, 9, new Caller(BOB, "", true), snapshot("base"));
        assertInstanceOf(Outcome.Refused.class, cluster.state.apply(asBob));
        var asAlice = new Stamped(ALICES, 7, 0, 9, new Caller(ALICE, "", true), snapshot("base"));
        Outcome cut = cluster.state.apply(asAlice);
        assertInstanceOf(Outcome.Snapshots.class, cut);
        assertInstanceOf(Outcome.Refused.class, cluster.state.apply(asBob));
        assertEquals(cut, cluster.state.apply(asAlice));
    }

    // ------------------------------------------------------------ the first ones

    @Test
    void theFirstAdministratorStays() {
        for (Command command :
                List.of(
                        new Command.DeletePrincipal(Principal.ADMIN),
                        new Command.RenamePrincipal(Principal.ADMIN, "root"),
                        new Command.ChangeGrant(Principal.ADMIN, "", "", Rights.VIEWER, true))) {
            var refused = (Outcome.Refused) cluster.as(Principal.ADMIN, 0, command);
            assertEquals(Refusal.CONFLICT, refused.code());
        }
    }

    @Test
    void aGatewayUsesEverythingAndChangesNothing() {
        attach(Principal.GATEWAY, BOBS, "base");
        forbidden(Principal.GATEWAY, snapshot("base"));
        forbidden(Principal.GATEWAY, create("v", ""));
        admin(new Command.DeletePrincipal(Principal.GATEWAY));
        admin(new Command.InitializeCluster(Cluster.config(4)));
        assertEquals(Optional.empty(), cluster.view().principal(Principal.GATEWAY));
    }

    @Test
    void onlyTheFirstAdministratorMakesACluster() {
        var fresh = Cluster.empty();
        for (int node = 1; node <= 3; node++) {
            fresh.register(node, 1, Map.of());
        }
        var make = new Command.InitializeCluster(Cluster.config(4));
        var refused = (Outcome.Refused) fresh.as(ALICE, 0, make);
        assertEquals(Refusal.NOT_ALLOWED, refused.code());
        var early = (Outcome.Refused) fresh.as(ALICE, 0, new Command.OpenSession(1, "a", false));
        assertEquals(Refusal.UNAVAILABLE, early.code());
        assertInstanceOf(Outcome.Done.class, fresh.as(Principal.ADMIN, 0, make));
    }

    // ------------------------------------------------------------ what is kept

    @Test
    void rightsGoWithWhatTheyAreOn() {
        give(ALICE, Rights.USER, "", "base");
        give(ALICE, Rights.USER, "dev", "");
        int before = cluster.view().grants().size();
        admin(new Command.DeleteVolume("base", true));
        admin(new Command.DeleteProject("dev"));
        assertEquals(before - 3, cluster.view().grants().size()); // the maker's, too
        admin(new Command.PutProject("dev", ""));
        forbidden(ALICE, create("v", "dev"));
    }

    @Test
    void rightsAreInASnapshotOfTheState() {
        admin(new Command.CreatePrincipal("devs", Principal.Kind.TEAM));
        admin(new Command.ChangeTeam("devs", ALICE, false));
        give("devs", Rights.USER, "", "base");
        give(BOB, Rights.of(Verb.CLONE), "prod", "");
        Outcome.Attached attached = attach(ALICE, ALICES, "base");
        take(BOB, Rights.VIEWER, "prod", "");
        byte[] bytes = cluster.bytes();
        cluster.state = Cluster.load(bytes);
        assertArrayEquals(bytes, cluster.bytes());
        assertEquals(Rights.USER, of(ALICE, "base"));
        assertEquals(Rights.of(Verb.CLONE), of(BOB, "base"));
        take("devs", Rights.USER, "", "base");
        assertBroken(attached);
        person("carol");
        var ids = new ArrayList<Long>();
        cluster.view().principals().forEach(it -> ids.add(it.id()));
        assertEquals(ids.stream().distinct().toList(), ids);
    }

    @Test
    void anOlderFormatChecksNothingUntilItRises() {
        var old = new ClusterConfig("c1", 3, 2, 4, Cluster.CHUNK, false, 1_000, 1);
        cluster = Cluster.ready(old);
        assertInstanceOf(Outcome.Done.class, cluster.as("anybody", 0, create("v", "")));
        assertEquals(
                Refusal.UNAVAILABLE,
                cluster.refused(new Command.CreatePrincipal(ALICE, Principal.Kind.PERSON)));
        cluster.apply(0, new Command.RaiseFormat(2));
        forbidden("anybody", create("w", ""));
        done(Principal.ADMIN, create("w", ""));
        assertNotEquals(Optional.empty(), cluster.view().principal(Principal.GATEWAY));
    }
}
