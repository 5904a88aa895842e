package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.AuditEntry;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Principal;
import io.coppice.metadata.core.Rights;
import io.coppice.metadata.core.VolumeKey;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.Attach;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.LeaseChunkIds;
import io.coppice.wire.pb.OpenSession;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What clients of the control plane try who mean no good.
class ClientSessionTest {
    private static final int NODES = 3;
    private static final Caller ALICE = new Caller("alice", "h:2", true);
    private static final String KEY = "0123456789abcdef";
    private static final String WRAPPED = "A".repeat(88);

    private final AtOnceQuorum quorum = new AtOnceQuorum();
    private final Leadership leadership = quorum.leadership();
    private FakeCall<ClientDirective> call = new FakeCall<>();
    private long ids;

    @BeforeEach
    void aClusterWithHerVolumeAndASecretOne() {
        quorum.registerNodes(NODES);
        admin(
                new Command.InitializeCluster(
                        new ClusterConfig("c", NODES, 2, 4, 64 << 10, false, 1_000)));
        admin(new Command.CreatePrincipal("alice", Principal.Kind.PERSON));
        admin(new Command.PutProject("dev", ""));
        admin(new Command.CreateVolume("hers", 1 << 20, Map.of(), "dev", 0));
        var key = new VolumeKey(KEY, "vault", KEY, WRAPPED);
        admin(new Command.CreateVolume("secret", 1 << 20, Map.of(), "", 0, key));
        admin(new Command.ChangeGrant("alice", "dev", "", Rights.USER, false));
    }

    private void admin(Command command) {
        assertInstanceOf(Outcome.Done.class, quorum.as(Principal.ADMIN, 0, command));
    }

    private ClientSession stream() {
        call = new FakeCall<>();
        return new ClientSession(leadership, Entropy.system(), call, ALICE, null);
    }

    private ClientSession opened() {
        ClientSession session = stream();
        session.onNext(open());
        assertTrue(call.last().hasOpened(), () -> call.last().toString());
        return session;
    }

    private ClientMessage open() {
        return message().setOpen(OpenSession.newBuilder().setClient("c")).build();
    }

    private ClientMessage.Builder message() {
        return ClientMessage.newBuilder().setId(++ids);
    }

    private ClientMessage attach(String volume) {
        return message().setAttach(Attach.newBuilder().setVolume(volume).setSequence(ids)).build();
    }

    private void refused(Code code, String why) {
        assertEquals(code, call.last().getFailure().getCode(), () -> call.last().toString());
        String said = call.last().getFailure().getMessage();
        assertTrue(said.contains(why), said);
    }

    private void told(String action, String target) {
        AuditEntry last = quorum.read(view -> view.audit(1, Integer.MAX_VALUE)).getLast();
        assertEquals("alice", last.principal());
        assertEquals(action, last.action());
        assertEquals(target, last.target());
        assertFalse(last.refusal().isEmpty());
    }

    private int sessions() {
        return quorum.read(view -> view.sessions()).size();
    }

    @Test
    void aStreamOpensOneSession() {
        ClientSession session = opened();
        session.onNext(open());
        refused(Code.CODE_BAD_REQUEST, "one session per stream");
        assertEquals(1, sessions());
    }

    @Test
    void whoHasNoVolumeLeasesNoChunkIds() {
        ClientSession session = opened();
        var lease = LeaseChunkIds.newBuilder().addGroups(1).setCount(2);
        session.onNext(message().setLease(lease.setSequence(1)).build());
        refused(Code.CODE_CONFLICT, "volume attached");
        told("lease chunk ids", "");
        session.onNext(attach("hers"));
        session.onNext(message().setLease(lease.setSequence(100)).build());
        assertEquals(2, call.last().getLeased().getRanges(0).getCount());
    }

    @Test
    void aPrincipalHasSoManySessions() {
        int most = leadership.config().sessions().principalMax();
        opened();
        FakeCall<ClientDirective> first = call;
        for (int i = 1; i < most; i++) {
            opened();
        }
        stream().onNext(open());
        refused(Code.CODE_UNAVAILABLE, "sessions.principal-max");
        told("open session", "");
        assertTrue(call.isEnded);
        assertEquals(most, sessions());
        first.close();
        stream().onNext(open());
        refused(Code.CODE_UNAVAILABLE, "sessions.principal-max"); // not closed by the cluster yet
        assertEquals(most, sessions());
    }

    /// Its key and its holder are nothing that he should know, and its gate is not his to wait at.
    @Test
    void whoMayNotAttachHearsNothingOfTheVolume() {
        ClientSession session = opened();
        leadership.enter(List.of("secret")); // somebody else is in, and stays
        session.onNext(attach("secret"));
        refused(Code.CODE_NOT_ALLOWED, "no right to read and write volume secret");
        assertFalse(call.last().toString().contains("vault"));
        told("attach volume", "secret");
    }

    @Test
    void whoMayNotDeleteWaitsAtNobodysGate() {
        leadership.enter(List.of("secret"));
        var commands =
                new AdminCommands(
                        leadership,
                        new Cuts(leadership),
                        new KeyRotation(leadership, Entropy.system()));
        var delete = DeleteVolume.newBuilder().setName("secret").setNow(true);
        var done =
                commands.execute(
                        ExecuteRequest.newBuilder().setDeleteVolume(delete).build(), ALICE);
        assertTrue(done.isDone());
        var failed = assertThrows(CompletionException.class, done::join);
        assertInstanceOf(ControlFailure.class, failed.getCause());
        told("delete volume", "secret");
    }

    @Test
    void pagesAreAskedForOnceEach() {
        ClientSession session = opened();
        session.onNext(attach("hers"));
        long volume = call.last().getAttached().getVolume();
        var pages = GetMapPages.newBuilder().setVolume(volume).addPages(0);
        session.onNext(message().setMapPages(pages).build());
        assertEquals(1, call.last().getMapPages().getPagesCount());
        session.onNext(message().setMapPages(pages.addPages(0)).build());
        refused(Code.CODE_BAD_REQUEST, "each once");
    }

    @Test
    void whoTakesNoAnswersIsNotListenedTo() {
        ClientSession session = opened();
        session.onNext(attach("hers"));
        long volume = call.last().getAttached().getVolume();
        int answers = call.sent.size();
        int requested = call.requested;
        call.isTaking = false;
        for (int i = 0; i < requested; i++) {
            var pages = GetMapPages.newBuilder().setVolume(volume).addPages(0);
            session.onNext(message().setMapPages(pages).build());
        }
        assertEquals(answers, call.sent.size());
        assertEquals(requested, call.requested);
        call.take();
        assertEquals(answers + requested, call.sent.size());
        assertTrue(call.requested > requested);
    }

    @Test
    void anAccessKeyIsFollowedByAnotherWhenTheNodesWereTold() throws Exception {
        var keys = new KeyRotation(leadership, Entropy.system());
        admin(keys.next());
        admin(keys.next());
        var early = assertThrows(ControlFailure.class, keys::afterTold);
        assertEquals(Code.CODE_UNAVAILABLE, early.code());
        keys.tick();
        admin(keys.afterTold());
    }
}
