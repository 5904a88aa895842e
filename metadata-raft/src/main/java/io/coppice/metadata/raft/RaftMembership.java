package io.coppice.metadata.raft;

import io.coppice.metadata.raft.QuorumException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.server.RaftServer;

/// Who votes in the quorum, and its changes: one server at a time, each through the log.
/// Thread-safe.
public final class RaftMembership {
    private static final long YIELD_MILLIS = 3_000;

    private final RaftServer server;
    private final RaftGroupId group;
    private final ClientId client = ClientId.randomId();
    private final AtomicLong calls = new AtomicLong();

    RaftMembership(RaftServer server, RaftGroupId group) {
        this.server = server;
        this.group = group;
    }

    /// A voting server.
    ///
    /// @param raft its `host:port` for the other servers
    /// @param control its `host:port` for nodes, clients and commands; empty when the membership
    ///   was written by a version that did not keep it
    public record Member(String id, String raft, String control) {}

    /// What the leader knows of another member.
    ///
    /// @param silentMillis since it answered last
    /// @param commitIndex the last entry that it is known to have committed
    public record Contact(String id, long silentMillis, long commitIndex) {}

    static RaftPeer peer(Member member) {
        return RaftPeer.newBuilder()
                .setId(member.id())
                .setAddress(member.raft())
                .setClientAddress(member.control())
                .build();
    }

    private static Member member(RaftPeer peer) {
        return new Member(
                peer.getId().toString(),
                peer.getAddress(),
                peer.getClientAddress() == null ? "" : peer.getClientAddress());
    }

    /// In the order of their ids, as far as this server knows; none once it is closed.
    public List<Member> members() {
        return peers().stream()
                .map(RaftMembership::member)
                .sorted(Comparator.comparing(Member::id))
                .toList();
    }

    public Optional<Member> member(String id) {
        return members().stream().filter(member -> member.id().equals(id)).findFirst();
    }

    private Collection<RaftPeer> peers() {
        try {
            return server.getDivision(group).getRaftConf().getCurrentPeers();
        } catch (IOException closed) {
            return List.of();
        }
    }

    /// The other members; empty unless this server leads.
    public List<Contact> contacts() {
        try {
            var division = server.getDivision(group);
            var commits = new HashMap<String, Long>();
            division.getCommitInfos()
                    .forEach(info ->
                            commits.put(
                                    info.getServer().getId().toStringUtf8(),
                                    info.getCommitIndex()));
            var contacts = new ArrayList<Contact>();
            division.getInfo()
                    .getRoleInfoProto()
                    .getLeaderInfo()
                    .getFollowerInfoList()
                    .forEach(follower -> {
                        String id = follower.getId().getId().toStringUtf8();
                        contacts.add(
                                new Contact(
                                        id,
                                        follower.getLastRpcElapsedTimeMs(),
                                        commits.getOrDefault(id, -1L)));
                    });
            return contacts;
        } catch (IOException closed) {
            return List.of();
        }
    }

    /// Makes `next` the members, if they still are those of `now`. A new one must be running: it
    /// gets what the others have before it may vote.
    public CompletableFuture<Void> change(List<Member> now, List<Member> next) {
        var arguments =
                SetConfigurationRequest.Arguments.newBuilder()
                        .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                        .setServersInCurrentConf(now.stream().map(RaftMembership::peer).toList())
                        .setServersInNewConf(next.stream().map(RaftMembership::peer).toList())
                        .build();
        try {
            return answered(
                    server.setConfigurationAsync(
                            new SetConfigurationRequest(
                                    client,
                                    server.getId(),
                                    group,
                                    calls.incrementAndGet(),
                                    arguments)));
        } catch (IOException | RuntimeException failed) {
            return CompletableFuture.failedFuture(refusal(failed));
        }
    }

    /// Lets another member lead.
    public CompletableFuture<Void> yieldTo(String id) {
        try {
            return answered(
                    server.transferLeadershipAsync(
                            new TransferLeadershipRequest(
                                    client,
                                    server.getId(),
                                    group,
                                    calls.incrementAndGet(),
                                    RaftPeerId.valueOf(id),
                                    YIELD_MILLIS)));
        } catch (IOException | RuntimeException failed) {
            return CompletableFuture.failedFuture(refusal(failed));
        }
    }

    private static CompletableFuture<Void> answered(CompletableFuture<RaftClientReply> reply) {
        return reply.handle(
                        (answer, failed) -> {
                            Throwable why = failed != null ? failed : answer.getException();
                            return why == null
                                    ? CompletableFuture.<Void>completedFuture(null)
                                    : CompletableFuture.<Void>failedFuture(refusal(why));
                        })
                .thenCompose(done -> done);
    }

    private static QuorumException refusal(Throwable failed) {
        Throwable why =
                failed instanceof CompletionException && failed.getCause() != null
                        ? failed.getCause()
                        : failed;
        boolean elsewhere =
                why instanceof NotLeaderException || why instanceof LeaderNotReadyException;
        return new QuorumException(
                elsewhere ? Reason.NOT_LEADER : Reason.UNFINISHED,
                "the metadata quorum did not change: "
                        + String.valueOf(why.getMessage()).lines().findFirst().orElse(""));
    }
}
