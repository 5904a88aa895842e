package io.coppice.metadata.raft;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Principal;
import io.coppice.metadata.core.Rights;
import io.coppice.wire.pb.ChangeGrant;
import io.coppice.wire.pb.ChangeTeam;
import io.coppice.wire.pb.CreatePrincipal;
import io.coppice.wire.pb.DeletePrincipal;
import io.coppice.wire.pb.PrincipalKind;
import io.coppice.wire.pb.RenamePrincipal;

/// Commands about principals and rights as messages, both ways, as [GovernanceCodec].
public final class RightsCodec {
    private RightsCodec() {}

    static CreatePrincipal encode(Command.CreatePrincipal c) {
        return CreatePrincipal.newBuilder().setName(c.name()).setKind(encode(c.kind())).build();
    }

    public static Command.CreatePrincipal decode(CreatePrincipal c) {
        return new Command.CreatePrincipal(c.getName(), decode(c.getKind()));
    }

    public static PrincipalKind encode(Principal.Kind kind) {
        return switch (kind) {
            case PERSON -> PrincipalKind.PRINCIPAL_PERSON;
            case SERVICE -> PrincipalKind.PRINCIPAL_SERVICE;
            case TEAM -> PrincipalKind.PRINCIPAL_TEAM;
        };
    }

    private static Principal.Kind decode(PrincipalKind kind) {
        return switch (kind) {
            case PRINCIPAL_SERVICE -> Principal.Kind.SERVICE;
            case PRINCIPAL_TEAM -> Principal.Kind.TEAM;
            case PRINCIPAL_PERSON, UNRECOGNIZED -> Principal.Kind.PERSON;
        };
    }

    static DeletePrincipal encode(Command.DeletePrincipal c) {
        return DeletePrincipal.newBuilder().setName(c.name()).build();
    }

    public static Command.DeletePrincipal decode(DeletePrincipal c) {
        return new Command.DeletePrincipal(c.getName());
    }

    static RenamePrincipal encode(Command.RenamePrincipal c) {
        return RenamePrincipal.newBuilder().setName(c.name()).setNewName(c.newName()).build();
    }

    public static Command.RenamePrincipal decode(RenamePrincipal c) {
        return new Command.RenamePrincipal(c.getName(), c.getNewName());
    }

    static ChangeTeam encode(Command.ChangeTeam c) {
        return ChangeTeam.newBuilder()
                .setTeam(c.team())
                .setMember(c.member())
                .setLeaves(c.leaves())
                .build();
    }

    public static Command.ChangeTeam decode(ChangeTeam c) {
        return new Command.ChangeTeam(c.getTeam(), c.getMember(), c.getLeaves());
    }

    static ChangeGrant encode(Command.ChangeGrant c) {
        return ChangeGrant.newBuilder()
                .setPrincipal(c.principal())
                .setProject(c.project())
                .setVolume(c.volume())
                .addAllRights(c.rights().verbs())
                .setRevoked(c.revoked())
                .build();
    }

    /// None, when one of the names is no role and no verb: then the command is refused.
    public static Command.ChangeGrant decode(ChangeGrant c) {
        return new Command.ChangeGrant(
                c.getPrincipal(),
                c.getProject(),
                c.getVolume(),
                Rights.named(c.getRightsList()).orElse(Rights.NONE),
                c.getRevoked());
    }
}
