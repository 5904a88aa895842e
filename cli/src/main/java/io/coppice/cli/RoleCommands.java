package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ChangeGrant;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GrantInfo;
import io.coppice.wire.pb.ListGrants;
import io.coppice.wire.pb.QueryRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `role ...`
@Command(
        name = "role",
        description = {
            "Who may do what. Roles: viewer (read), user (and write), editor (and snapshot, clone,",
            "edit, delete), admin (and administer). Each of these rights can be given alone, too."
        },
        subcommands = {RoleCommands.Ls.class, RoleCommands.Give.class, RoleCommands.Take.class})
final class RoleCommands extends Noun {

    /// What rights are given on.
    static final class Target {
        @Option(names = "--volume", paramLabel = "VOLUME", description = "On one volume.")
        String volume = "";

        @Option(
                names = "--project",
                paramLabel = "PROJECT",
                description = "On a project and all its volumes.")
        String project = "";

        @Option(names = "--everywhere", description = "On the whole cluster.")
        boolean everywhere;

        String text() {
            if (everywhere) {
                return "everything";
            }
            return volume.isEmpty() ? "project " + project : "volume " + volume;
        }
    }

    @Command(name = "ls", description = "List who has been given what.")
    static final class Ls extends Verb {
        @Option(names = "--volume", paramLabel = "VOLUME", description = "On this volume only.")
        @Nullable String volume;

        @Option(names = "--project", paramLabel = "PROJECT", description = "On this project only.")
        @Nullable String project;

        @Option(names = "--principal", paramLabel = "NAME", description = "To this one only.")
        @Nullable String principal;

        @Override
        ExitCode run() throws Exception {
            List<GrantInfo> grants = new ArrayList<>();
            control().stream(
                    QueryRequest.newBuilder()
                            .setListGrants(ListGrants.getDefaultInstance())
                            .build(),
                    part ->
                            part.getGrantsList().stream()
                                    .filter(this::isMeant)
                                    .forEach(grants::add));
            output().print(
                            Views.each(grants, RightsViews::grant),
                            () -> {
                                Table table = new Table("PRINCIPAL", "KIND", "ON", "RIGHTS");
                                grants.forEach(it ->
                                        table.row(
                                                it.getPrincipal(),
                                                RightsViews.kind(it.getKind()),
                                                RightsViews.target(it),
                                                RightsViews.rights(
                                                        it.getRole(), it.getVerbsList())));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }

        private boolean isMeant(GrantInfo grant) {
            return (volume == null || volume.equals(grant.getVolume()))
                    && (project == null || project.equals(grant.getProject()))
                    && (principal == null || principal.equals(grant.getPrincipal()));
        }
    }

    /// Rights that are given or taken.
    private abstract static class Change extends Verb {
        @Parameters(
                index = "0",
                split = ",",
                paramLabel = "RIGHT,...",
                description = "A role, or rights of their own.")
        List<String> rights = List.of();

        @Parameters(index = "1", paramLabel = "NAME", description = "A principal or a team.")
        String name = "";

        @ArgGroup(exclusive = true, multiplicity = "1")
        Target target = new Target();

        abstract boolean revoked();

        @Override
        ExitCode run() throws Exception {
            var command =
                    ChangeGrant.newBuilder()
                            .setPrincipal(name)
                            .setVolume(target.volume)
                            .setProject(target.project)
                            .addAllRights(rights)
                            .setRevoked(revoked());
            execute(ExecuteRequest.newBuilder().setChangeGrant(command));
            String what = String.join(",", rights);
            output().done(
                            Map.of(
                                    "principal",
                                    name,
                                    "on",
                                    target.text(),
                                    revoked() ? "revoked" : "granted",
                                    rights),
                            () ->
                                    name
                                            + (revoked() ? " lost " : " has ")
                                            + what
                                            + " on "
                                            + target.text());
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "grant",
            description =
                    "Add rights to those that somebody has there; nobody gives what he has not.")
    static final class Give extends Change {
        @Override
        boolean revoked() {
            return false;
        }
    }

    @Command(
            name = "revoke",
            description = {
                "Take rights from those that somebody was given there; 'admin' is all of them.",
                "What is used by them is taken at once."
            })
    static final class Take extends Change {
        @Override
        boolean revoked() {
            return true;
        }
    }
}
