package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ChangeTeam;
import io.coppice.wire.pb.CreatePrincipal;
import io.coppice.wire.pb.DeletePrincipal;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListPrincipals;
import io.coppice.wire.pb.PrincipalInfo;
import io.coppice.wire.pb.PrincipalKind;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RenamePrincipal;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `principal ...` and `team ...`
@Command(
        name = "principal",
        description = "People and service accounts: who may have rights.",
        subcommands = {
            PrincipalCommands.Create.class,
            PrincipalCommands.Ls.class,
            PrincipalCommands.Remove.class,
            PrincipalCommands.Rename.class
        })
final class PrincipalCommands extends Noun {

    private static void create(Verb verb, String name, PrincipalKind kind) throws Exception {
        var command = CreatePrincipal.newBuilder().setName(name).setKind(kind);
        verb.execute(ExecuteRequest.newBuilder().setCreatePrincipal(command));
        verb.output()
                .done(
                        Map.of("name", name, "kind", RightsViews.kind(kind)),
                        () -> "created " + name + ", which has no rights yet: see 'role grant'");
    }

    private static void delete(Verb verb, String name) throws Exception {
        var command = DeletePrincipal.newBuilder().setName(name);
        verb.execute(ExecuteRequest.newBuilder().setDeletePrincipal(command));
        verb.output().done(Map.of("name", name, "state", "deleted"), () -> "deleted " + name);
    }

    /// @param teams those, or the others
    private static List<PrincipalInfo> list(Verb verb, boolean teams) throws Exception {
        return verb
                .query(
                        QueryRequest.newBuilder()
                                .setListPrincipals(ListPrincipals.getDefaultInstance()))
                .getPrincipalsList()
                .stream()
                .filter(it -> (it.getKind() == PrincipalKind.PRINCIPAL_TEAM) == teams)
                .toList();
    }

    private static String joined(List<String> names) {
        return names.isEmpty() ? "-" : String.join(" ", names);
    }

    // ------------------------------------------------------------ principals

    @Command(
            name = "create",
            description = "Make a principal; who has a certificate of that name is it.")
    static final class Create extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(names = "--service", description = "A program's, not a person's.")
        boolean service;

        @Override
        ExitCode run() throws Exception {
            create(
                    this,
                    name,
                    service ? PrincipalKind.PRINCIPAL_SERVICE : PrincipalKind.PRINCIPAL_PERSON);
            return ExitCode.DONE;
        }
    }

    @Command(name = "ls", description = "List principals.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<PrincipalInfo> principals = list(this, false);
            output().print(
                            Views.each(principals, RightsViews::principal),
                            () -> {
                                Table table = new Table("NAME", "KIND", "TEAMS", "CREATED");
                                principals.forEach(it ->
                                        table.row(
                                                it.getName(),
                                                RightsViews.kind(it.getKind()),
                                                joined(it.getTeamsList()),
                                                Times.show(it.getCreatedMillis())));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "rm",
            description =
                    "Delete a principal with its rights; what it uses is taken from it at once.")
    static final class Remove extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            delete(this, name);
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "rename",
            description = "Give a principal another name. Its rights stay; what it uses is taken.")
    static final class Rename extends Verb {
        @Parameters(index = "0", paramLabel = "NAME")
        String name = "";

        @Parameters(index = "1", paramLabel = "NEW")
        String newName = "";

        @Override
        ExitCode run() throws Exception {
            var command = RenamePrincipal.newBuilder().setName(name).setNewName(newName);
            execute(ExecuteRequest.newBuilder().setRenamePrincipal(command));
            output().done(Map.of("name", newName), () -> name + " is " + newName + " now");
            return ExitCode.DONE;
        }
    }

    // ------------------------------------------------------------ teams

    /// `team ...`
    @Command(
            name = "team",
            description = "Principals who have rights together.",
            subcommands = {
                CreateTeam.class,
                LsTeams.class,
                RemoveTeam.class,
                AddMember.class,
                DropMember.class
            })
    static final class Team extends Noun {}

    @Command(name = "create", description = "Make a team.")
    static final class CreateTeam extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            create(this, name, PrincipalKind.PRINCIPAL_TEAM);
            return ExitCode.DONE;
        }
    }

    @Command(name = "ls", description = "List teams, and who is in them.")
    static final class LsTeams extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<PrincipalInfo> teams = list(this, true);
            output().print(
                            Views.each(teams, RightsViews::team),
                            () -> {
                                Table table = new Table("NAME", "MEMBERS", "CREATED");
                                teams.forEach(it ->
                                        table.row(
                                                it.getName(),
                                                joined(it.getMembersList()),
                                                Times.show(it.getCreatedMillis())));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(name = "rm", description = "Delete a team with its rights.")
    static final class RemoveTeam extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            delete(this, name);
            return ExitCode.DONE;
        }
    }

    /// In a team or out of it.
    private abstract static class Membership extends Verb {
        @Parameters(index = "0", paramLabel = "TEAM")
        String team = "";

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "NAME")
        List<String> names = List.of();

        abstract boolean leaves();

        @Override
        ExitCode run() throws Exception {
            for (String name : names) {
                var command =
                        ChangeTeam.newBuilder().setTeam(team).setMember(name).setLeaves(leaves());
                execute(ExecuteRequest.newBuilder().setChangeTeam(command));
            }
            output().done(
                            Map.of("team", team, leaves() ? "removed" : "added", names),
                            () ->
                                    joined(names)
                                            + (leaves() ? " left team " : " joined team ")
                                            + team);
            return ExitCode.DONE;
        }
    }

    @Command(name = "add", description = "Put principals into a team: they get its rights.")
    static final class AddMember extends Membership {
        @Override
        boolean leaves() {
            return false;
        }
    }

    @Command(name = "remove", description = "Take principals out of a team.")
    static final class DropMember extends Membership {
        @Override
        boolean leaves() {
            return true;
        }
    }
}
