package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.coppice.model.ChunkId;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity.Kind;
import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.AuditRecord;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DeletePrincipal;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.MapPage;
import io.coppice.wire.pb.MapPages;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RevokeCertificate;
import io.coppice.wire.pb.ShowVolume;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Attempts of people who may not, at every port, with and without a certificate: each is refused
/// in one line, nothing is changed by any, and the audit log tells of them.
@NullUnmarked
@Timeout(300)
final class AttackersTest {
    private static final String UNKNOWN = "unknown";

    @TempDir Path dir;

    private final List<Attempt> attempts = new ArrayList<>();
    private final List<AutoCloseable> more = new ArrayList<>();
    private AttackedCluster cluster;
    private Contents contents;

    /// People: who may read prod, who has the clone dev, three who may nothing, whom nobody knows,
    /// who was deleted, who was revoked, whose time is over, and who is of elsewhere. Several, for
    /// the log tells of few refusals of each within a minute.
    private Credentials reader;

    private Credentials alice;
    private Credentials mallory;
    private Credentials eve;
    private Credentials bob;
    private Credentials nobody;
    private Credentials ghost;
    private Credentials fired;
    private Credentials stale;
    private Credentials stranger;

    /// @param act the answer is why it was refused; empty: it was not
    /// @param who in the audit log
    /// @param trace what the log's entry says beside
    private record Attempt(String name, Callable<String> act, String who, String trace) {
        boolean isIn(AuditRecord entry) {
            String text = entry.getAction() + " " + entry.getTarget() + " " + entry.getRefusal();
            return !entry.getRefusal().isEmpty()
                    && entry.getPrincipal().equals(who)
                    && text.contains(trace);
        }
    }

    @BeforeEach
    void start() throws Exception {
        cluster = new AttackedCluster(dir);
        cluster.client()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateVolume(
                                        CreateVolume.newBuilder()
                                                .setName("prod")
                                                .setSize(Contents.BYTES)));
        contents = new Contents(cluster);
        more.add(contents);
        AttackedCluster.await(this::areKeysOn);
        contents.write("prod", 10);
        cluster.client()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateClones(
                                        CreateClones.newBuilder()
                                                .setVolume("prod")
                                                .addNames("dev")));
        contents.write("prod", 20);
        contents.write("dev", 30);
        people();
    }

    private boolean areKeysOn() throws Exception {
        var asking = Orders.query().setGetInspection(Orders.inspection());
        return !cluster.query(asking).getCapability().isEmpty();
    }

    private void people() throws Exception {
        reader = cluster.principal("reader");
        alice = cluster.principal("alice");
        mallory = cluster.principal("mallory");
        eve = cluster.principal("eve");
        bob = cluster.principal("bob");
        ghost = cluster.principal("ghost");
        fired = cluster.principal("fired");
        cluster.grant("viewer", "reader", "prod");
        cluster.grant("editor", "alice", "dev");
        cluster.grant("editor", "ghost", "prod");
        cluster.client()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setDeletePrincipal(DeletePrincipal.newBuilder().setName("ghost")));
        cluster.client()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setRevokeCertificate(
                                        RevokeCertificate.newBuilder()
                                                .setSerial(fired.identity().serial())
                                                .setName("fired")));
        nobody = cluster.issue("nobody", Kind.PRINCIPAL);
        stale = cluster.expired("stale");
        stranger = cluster.foreign("stranger", Kind.SERVER);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : more) {
            each.close();
        }
        cluster.close();
    }

    @Test
    void everyAttemptIsRefusedAndToldAndChangesNothing() throws Exception {
        controlPort();
        commands();
        raftPort();
        dataPort();
        chunks();
        nbdPort();
        // A server hears of what is revoked a moment later.
        AttackedCluster.await(() -> !Doors.tls(cluster.control("m1"), fired, "h2").isEmpty());
        AttackedCluster.await(() -> !Doors.nbd(cluster.nbd(), fired, "prod").isEmpty());
        String before = contents.state();
        Map<String, String> wrong = new TreeMap<>();
        Map<String, String> refusals = new TreeMap<>();
        for (Attempt attempt : attempts) {
            String refusal = attempt.act.call();
            refusals.put(attempt.name, refusal);
            if (refusal.isBlank() || refusal.lines().count() != 1) {
                wrong.put(attempt.name, refusal);
            }
        }
        assertEquals(Map.of(), wrong, "not refused in one line");
        assertTrue(attempts.size() >= 40, "so many attempts: " + attempts.size());
        httpPortTellsNoSecret();
        assertEquals(before, contents.state());
        assertEquals(List.of(20, 21, 22, 23), contents.read("prod"));
        assertEquals(List.of(30, 31, 32, 33), contents.read("dev"));
        List<String> untold = new ArrayList<>();
        AttackedCluster.await(
                () -> {
                    List<AuditRecord> log = cluster.audit();
                    untold.clear();
                    attempts.stream()
                            .filter(it -> log.stream().noneMatch(it::isIn))
                            .forEach(it -> untold.add(it.name + ": " + refusals.get(it.name)));
                    return untold.isEmpty();
                },
                () -> "the audit log does not tell of " + untold);
    }

    // ------------------------------------------------------------ ports that want a certificate

    private void attempt(String name, Callable<String> act, String who, String trace) {
        attempts.add(new Attempt(name, act, who, trace));
    }

    private void controlPort() {
        for (String id : List.of("m1", "m2")) {
            String address = cluster.control(id);
            String at = "metadata server " + id;
            attempt(
                    at + ": no certificate",
                    () -> Doors.tls(address, null, "h2"),
                    UNKNOWN,
                    at + " the other end showed no certificate");
            attempt(
                    at + ": plain text",
                    () -> Doors.plain(address),
                    UNKNOWN,
                    at + " the other end speaks no TLS");
            attempt(
                    at + ": another authority",
                    () -> Doors.tls(address, stranger, "h2"),
                    UNKNOWN,
                    at + " a certificate of 'CN=stranger");
            attempt(
                    at + ": expired",
                    () -> Doors.tls(address, stale, "h2"),
                    UNKNOWN,
                    at + " a certificate of 'CN=stale");
            attempt(at + ": revoked", () -> Doors.tls(address, fired, "h2"), "fired", at);
        }
    }

    private void raftPort() {
        String address = cluster.raft("m3");
        String at = "metadata server m3";
        attempt(
                "raft: no certificate",
                () -> Doors.tls(address, null, "h2"),
                UNKNOWN,
                at + " Raft: the other end showed no certificate");
        attempt(
                "raft: plain text",
                () -> Doors.plain(address),
                UNKNOWN,
                at + " Raft: the other end speaks no TLS");
        attempt(
                "raft: another authority",
                () -> Doors.tls(address, stranger, "h2"),
                UNKNOWN,
                at + " a certificate of 'CN=stranger");
        attempt(
                "raft: a principal",
                () -> Doors.tls(address, alice, "h2"),
                "alice",
                at + " alice (principal) is no server");
        attempt(
                "raft: the administrator",
                () -> Doors.tls(address, cluster.admin(), "h2"),
                "admin",
                at + " admin (principal) is no server");
    }

    private void dataPort() throws Exception {
        NodeInfo node = cluster.info("n1");
        String address = node.getAddress();
        attempt(
                "data: no certificate",
                () -> Doors.tls(address, null),
                UNKNOWN,
                "connect node n1 the other end showed no certificate");
        attempt(
                "data: plain text",
                () -> Doors.plain(address),
                UNKNOWN,
                "connect node n1 the other end speaks no TLS");
        attempt(
                "data: another authority",
                () -> Doors.tls(address, stranger),
                UNKNOWN,
                "node n1 a certificate of 'CN=stranger");
        attempt(
                "data: expired",
                () -> Doors.tls(address, stale),
                UNKNOWN,
                "node n1 a certificate of 'CN=stale");
        attempt("data: revoked", () -> Doors.tls(address, fired), "fired", "connect node n1");
    }

    /// The gateway tells of its own clients.
    private void nbdPort() {
        String at = cluster.nbd();
        nbd("no TLS", () -> Doors.plainNbd(at, "prod"), "no TLS, which is required here");
        nbd("no certificate", () -> Doors.nbd(at, null, "prod"), "showed no certificate");
        nbd("another authority", () -> Doors.nbd(at, stranger, "prod"), "path building failed");
        nbd("expired", () -> Doors.nbd(at, stale, "prod"), "has expired");
        nbd("revoked", () -> Doors.nbd(at, fired, "prod"), "certificate of fired was revoked");
    }

    private void nbd(String name, Callable<String> act, String trace) {
        attempt("nbd: " + name, act, "gateway", trace);
    }

    /// It answers to anybody, so it knows no secret and does nothing.
    private void httpPortTellsNoSecret() throws Exception {
        for (String address : cluster.http()) {
            assertEquals("says nothing of it", Doors.keepsSilent(address, "prod"));
            assertEquals("status 404", Doors.http(address, "/../../etc/passwd"));
            assertEquals("status 404", Doors.http(address, "/admin"));
        }
    }

    // ------------------------------------------------------------ people without a right

    private void commands() {
        String serial = cluster.admin().identity().serial();
        ask("reads prod", eve, "open source", Orders.query().setOpenSource(Orders.source("prod")));
        ask("reads the audit log", eve, "read audit", Orders.query().setReadAudit(Orders.audit()));
        ask("recounts", eve, "check refcounts", Orders.query().setCheckRefcounts(Orders.recount()));
        ask(
                "inspects",
                eve,
                "get inspection",
                Orders.query().setGetInspection(Orders.inspection()));
        ask(
                "is deleted",
                ghost,
                "open source",
                Orders.query().setOpenSource(Orders.source("prod")));
        ask(
                "is not known",
                nobody,
                "open source",
                Orders.query().setOpenSource(Orders.source("prod")));
        ask(
                "is not known, lists",
                nobody,
                "list volumes",
                Orders.query().setListVolumes(Orders.volumes()));
        order("clones", mallory, "clone", Orders.command().setCreateClones(Orders.clone("prod")));
        order(
                "clones what he reads",
                reader,
                "clone",
                Orders.command().setCreateClones(Orders.clone("prod")));
        order(
                "deletes",
                mallory,
                "delete volume",
                Orders.command().setDeleteVolume(Orders.delete("prod")));
        order(
                "deletes its origin",
                alice,
                "delete volume",
                Orders.command().setDeleteVolume(Orders.delete("prod")));
        order(
                "snapshots",
                mallory,
                "create snapshot",
                Orders.command().setCreateSnapshots(Orders.cut("prod")));
        order(
                "gives himself rights",
                mallory,
                "grant rights",
                Orders.command().setChangeGrant(Orders.grant()));
        order(
                "makes a principal",
                mallory,
                "create principal",
                Orders.command().setCreatePrincipal(Orders.friend()));
        order(
                "revokes",
                mallory,
                "revoke certificate",
                Orders.command().setRevokeCertificate(Orders.revoke(serial)));
        order(
                "breaks",
                mallory,
                "break attachment",
                Orders.command().setBreakAttachment(Orders.breaks()));
        order(
                "changes keys",
                mallory,
                "rotate access key",
                Orders.command().setRotateAccessKey(Orders.keys()));
        order(
                "joins the quorum",
                mallory,
                "change quorum",
                Orders.command().setAddMetadataServer(Orders.joins()));
        attempt(
                "mallory attaches",
                () -> leader(mallory).attaches("prod"),
                "mallory",
                "attach volume prod");
        attempt(
                "reader attaches",
                () -> leader(reader).attaches("prod"),
                "reader",
                "attach volume");
        attempt(
                "reader leases chunk ids",
                () -> leader(reader).leases(),
                "reader",
                "lease chunk ids");
        attempt(
                "a principal as a node",
                () -> leader(eve).registers("n1"),
                "eve",
                "register node node n1");
        attempt(
                "a node as another",
                () -> leader(Credentials.load(dir.resolve("tls-n2"))).registers("n1"),
                "n2",
                "register node node n1");
    }

    private void ask(String name, Credentials who, String trace, QueryRequest.Builder query) {
        String by = who.identity().name();
        AskedLeader.Call call = client -> client.query(query.build());
        attempt(by + " " + name, () -> leader(who).refused(call), by, trace);
    }

    private void order(String name, Credentials who, String trace, ExecuteRequest.Builder command) {
        String by = who.identity().name();
        AskedLeader.Call call = client -> client.execute(command);
        attempt(by + " " + name, () -> leader(who).refused(call), by, trace);
    }

    private AskedLeader leader(Credentials who) {
        return new AskedLeader(cluster, who);
    }

    // ------------------------------------------------------------ chunks of others

    /// Alice has her clone attached and all its tags, and knows the ids of prod's chunks.
    private void chunks() throws Exception {
        long prod = idOf("prod");
        var good = intruder(alice);
        Attached dev = good.attach("dev");
        MapPages own = good.pages(dev.getVolume());
        MapPage page = own.getPages(0);
        ByteString shows = own.getCapability();
        long mine = page.getChunks(0);
        long secret = theirs(prod);
        var other = intruder(alice);
        var thief = intruder(eve);

        touch("no capability", good, ByteString.EMPTY, mine, read(dev, page, good), "READ");
        touch("forged", good, Intruder.flipped(shows, 13), mine, read(dev, page, good), "OPEN");
        touch("lengthened", good, Intruder.flipped(shows, 37), mine, read(dev, page, good), "OPEN");
        touch("noise", good, Intruder.noise(), mine, read(dev, page, good), "OPEN");
        touch("replayed", other, shows, mine, read(dev, page, other), "of another session");
        touch("stolen", thief, shows, mine, read(dev, page, thief), "OPEN");
        DataHeader.Builder sibling = read(dev, page, good).setChunk(secret);
        touch("sibling's chunk", good, shows, secret, sibling, "tag is not right");
        touch("by guess", good, shows, secret, sibling.clone().setTag(4711), "tag is not right");
        DataHeader.Builder parent = read(dev, page, good).setVolume(prod).setChunk(secret);
        touch("sibling's volume", good, shows, secret, parent, "READ");
        touch("no fence", good, shows, mine, write(dev, page, good).setFence(0), "WRITE");
        long fence = dev.getFence() + 1;
        touch("other's fence", good, shows, mine, write(dev, page, good).setFence(fence), "WRITE");
        touch(
                "derives from a sibling's",
                good,
                shows,
                mine,
                write(dev, page, good).setFromChunk(secret),
                "WRITE");
        var hello = DataHeader.newBuilder().setKind(DataKind.HELLO).setHello(other.hello());
        touch("says hello as another session", good, shows, mine, hello, "said already");
        nodesOnly(intruder(bob), mine);
        readOnly(prod, secret);
    }

    private void readOnly(long prod, long secret) throws Exception {
        var looks = intruder(reader);
        MapPages pages = looks.pages(prod);
        Attached none = Attached.newBuilder().setVolume(prod).setGeneration(1).build();
        touch(
                "writes with a capability to read",
                looks,
                pages.getCapability(),
                secret,
                write(none, pages.getPages(0), looks),
                "does not allow to write");
    }

    /// What only replicas and the check may ask for.
    private void nodesOnly(Intruder asks, long mine) {
        var ofReplicas = List.of(DataKind.REPLICATE, DataKind.FETCH_CHUNK, DataKind.COMMITTED);
        for (DataKind kind : ofReplicas) {
            var request = DataHeader.newBuilder().setKind(kind).setChunk(mine);
            touch("sends " + kind, asks, ByteString.EMPTY, mine, request, kind.name());
        }
        for (DataKind kind : List.of(DataKind.LIST_CHUNKS, DataKind.REPAIR, DataKind.SYNC)) {
            var request = DataHeader.newBuilder().setKind(kind).setChunk(mine);
            touch("asks for " + kind, asks, ByteString.EMPTY, mine, request, kind.name());
        }
        Hello node = asks.hello().toBuilder().setNode(2).build();
        attempt(
                "says it is a node",
                () ->
                        denied(
                                asks.asks(
                                        cluster.primary(mine),
                                        node,
                                        ByteString.EMPTY,
                                        DataHeader.newBuilder())),
                "bob",
                "is no storage node");
    }

    private void touch(
            String name,
            Intruder by,
            ByteString shows,
            long chunk,
            DataHeader.Builder request,
            String trace) {
        int group = ChunkId.group(chunk);
        attempt(
                "chunks: " + name,
                () ->
                        denied(
                                by.asks(
                                        cluster.primary(chunk),
                                        by.hello(),
                                        shows,
                                        request.setGroup(group))),
                by.toString(),
                trace);
    }

    /// Not by a node that is busy, or gone.
    private static String denied(String answer) {
        boolean said =
                answer.startsWith("NOT_ALLOWED")
                        || answer.endsWith("hello was said already")
                        || answer.endsWith("closed by the peer");
        return said ? answer : "";
    }

    private Intruder intruder(Credentials who) throws Exception {
        var made = Intruder.inside(cluster, who);
        more.addFirst(made);
        return made;
    }

    private static DataHeader.Builder read(Attached volume, MapPage page, Intruder by) {
        return DataHeader.newBuilder()
                .setKind(DataKind.READ)
                .setVolume(volume.getVolume())
                .setGeneration(volume.getGeneration())
                .setFence(volume.getFence())
                .setSession(by.session())
                .setChunk(page.getChunks(0))
                .setBlockCount(1)
                .setTag(page.getTags(0));
    }

    private static DataHeader.Builder write(Attached volume, MapPage page, Intruder by) {
        return read(volume, page, by).setKind(DataKind.WRITE).addCrcs(0);
    }

    private long idOf(String volume) throws Exception {
        var show = ShowVolume.newBuilder().setName(volume);
        return cluster.query(Orders.query().setShowVolume(show)).getVolumes(0).getId();
    }

    /// A chunk of that volume alone: it was written after the clone was made.
    private long theirs(long volume) throws Exception {
        var pages = GetMapPages.newBuilder().setVolume(volume).addPages(0);
        return cluster.query(Orders.query().setGetMapPages(pages)).getPages(0).getChunks(1);
    }
}
