package io.coppice.metadata.server;

import io.coppice.metadata.raft.Addresses;
import io.coppice.metadata.raft.RaftMembership;
import io.coppice.metadata.raft.RaftMembership.Contact;
import io.coppice.metadata.raft.RaftMembership.Member;
import io.coppice.metadata.raft.StartupException;
import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.MetadataQuorum;
import io.coppice.wire.pb.MetadataServerInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/// The membership of the metadata quorum, as commands see it. On the leader.
final class QuorumMembers {
    /// Heartbeats go several times in this; a member that is silent for longer counts as down.
    private static final int DOWN_TIMEOUTS = 3;

    private final Leadership leadership;
    private final RaftMembership membership;

    QuorumMembers(Leadership leadership) {
        this.leadership = leadership;
        this.membership = leadership.quorum().membership();
    }

    static String describe(ExecuteRequest request) {
        return request.hasAddMetadataServer()
                ? "add metadata server " + request.getAddMetadataServer().getId()
                : "remove metadata server " + request.getRemoveMetadataServer().getId();
    }

    /// Carries an addition or removal out. Doing it twice is harmless.
    CompletableFuture<Void> change(ExecuteRequest request) {
        try {
            return request.hasAddMetadataServer()
                    ? add(request.getAddMetadataServer())
                    : remove(request.getRemoveMetadataServer().getId());
        } catch (ControlFailure refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    private CompletableFuture<Void> add(AddMetadataServer request) throws ControlFailure {
        var added =
                new Member(request.getId(), request.getRaftAddress(), request.getControlAddress());
        if (added.id().isBlank() || added.id().length() > 64) {
            throw ControlFailure.badRequest("a metadata server needs an id of 1 to 64 characters");
        }
        requireAddress("raft address", added.raft());
        requireAddress("control address", added.control());
        var members = membership.members();
        for (Member member : members) {
            if (member.equals(added)) {
                return CompletableFuture.completedFuture(null);
            }
            if (member.id().equals(added.id()) || member.raft().equals(added.raft())) {
                throw new ControlFailure(
                        Code.CODE_EXISTS,
                        "metadata server "
                                + member.id()
                                + " at "
                                + member.raft()
                                + " is a member already; remove it first");
            }
        }
        refuse(QuorumRules.againstAddition(ids(members), up(), added.id()));
        var next = new ArrayList<>(members);
        next.add(added);
        return membership.change(members, next);
    }

    private CompletableFuture<Void> remove(String id) throws ControlFailure {
        var members = membership.members();
        var next = members.stream().filter(member -> !member.id().equals(id)).toList();
        if (next.size() == members.size()) {
            throw new ControlFailure(
                    Code.CODE_NOT_FOUND,
                    "no metadata server is called '" + id + "': see 'coppice metadata ls'");
        }
        refuse(QuorumRules.againstRemoval(ids(members), up(), id));
        if (id.equals(leadership.config().id())) {
            // Its successor removes it, when the caller asks there.
            return membership
                    .yieldTo(successor())
                    .thenCompose(
                            done -> CompletableFuture.failedFuture(ControlFailure.notLeader()));
        }
        return membership.change(members, next);
    }

    /// The one that has come furthest among those that answer.
    private String successor() throws ControlFailure {
        var up = up();
        return membership.contacts().stream()
                .filter(contact -> up.contains(contact.id()))
                .max(Comparator.comparingLong(Contact::commitIndex))
                .map(Contact::id)
                .orElseThrow(() -> ControlFailure.unavailable("no other metadata server answers"));
    }

    private static void refuse(Optional<String> why) throws ControlFailure {
        if (why.isPresent()) {
            throw new ControlFailure(Code.CODE_CONFLICT, why.get());
        }
    }

    private static void requireAddress(String what, String address) throws ControlFailure {
        try {
            if (Addresses.parse(what, address).getPort() == 0) {
                throw ControlFailure.badRequest("the " + what + " needs a port");
            }
        } catch (StartupException | IllegalArgumentException wrong) {
            throw ControlFailure.badRequest(String.valueOf(wrong.getMessage()));
        }
    }

    private static Set<String> ids(List<Member> members) {
        return members.stream().map(Member::id).collect(Collectors.toSet());
    }

    private Set<String> up() {
        var up = new HashSet<String>();
        up.add(leadership.config().id());
        for (Contact contact : membership.contacts()) {
            if (isUp(contact)) {
                up.add(contact.id());
            }
        }
        up.retainAll(ids(membership.members()));
        return up;
    }

    private boolean isUp(Contact contact) {
        return contact.silentMillis()
                <= DOWN_TIMEOUTS * leadership.config().raft().electionTimeoutMax().toMillis();
    }

    // ------------------------------------------------------------ looking

    MetadataQuorum list(boolean initialized) {
        var quorum = MetadataQuorum.newBuilder().setInitialized(initialized);
        var contacts =
                membership.contacts().stream()
                        .collect(Collectors.toMap(Contact::id, contact -> contact, (a, b) -> a));
        for (Member member : membership.members()) {
            var info =
                    MetadataServerInfo.newBuilder()
                            .setId(member.id())
                            .setRaftAddress(member.raft())
                            .setControlAddress(control(member));
            Contact contact = contacts.get(member.id());
            if (member.id().equals(leadership.config().id())) {
                info.setRole("leader")
                        .setState("up")
                        .setCommitIndex(Math.max(0, leadership.quorum().logIndex()));
            } else if (contact != null) {
                info.setRole("follower")
                        .setState(isUp(contact) ? "up" : "down")
                        .setSilentMillis(contact.silentMillis())
                        .setCommitIndex(Math.max(0, contact.commitIndex()));
            } else {
                info.setRole("follower").setState("down");
            }
            quorum.addServers(info);
        }
        return quorum.build();
    }

    private String control(Member member) {
        return member.control().isEmpty()
                ? Objects.requireNonNullElse(
                        leadership.config().controlPeers().get(member.id()), "")
                : member.control();
    }

    /// Where the control plane of the server `id` is, as far as it is known; else empty.
    static String controlOf(RaftMembership membership, MetadataServerConfig config, String id) {
        return membership
                .member(id)
                .map(Member::control)
                .filter(address -> !address.isEmpty())
                .orElseGet(() -> Objects.requireNonNullElse(config.controlPeers().get(id), ""));
    }
}
