package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.DeleteProject;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListProjects;
import io.coppice.wire.pb.ProjectInfo;
import io.coppice.wire.pb.PutProject;
import io.coppice.wire.pb.QueryRequest;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `project ...`
@Command(
        name = "project",
        description = "Volumes that belong together, and what holds for all of them.",
        subcommands = {
            ProjectCommands.Set.class,
            ProjectCommands.Ls.class,
            ProjectCommands.Remove.class
        })
final class ProjectCommands extends Noun {

    @Command(name = "set", description = "Make a project, or change it.")
    static final class Set extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(
                names = "--policy",
                paramLabel = "POLICY",
                description = "What its volumes follow unless they follow another one (none).")
        String policy = "";

        @Override
        ExitCode run() throws Exception {
            var command = PutProject.newBuilder().setName(name).setPolicy(policy);
            ProjectInfo made =
                    execute(ExecuteRequest.newBuilder().setPutProject(command)).getProject();
            output().done(GovernanceViews.project(made), () -> "project " + name + " is set");
            return ExitCode.DONE;
        }
    }

    @Command(name = "ls", description = "List projects; 'default' is there without being made.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<ProjectInfo> projects =
                    query(
                                    QueryRequest.newBuilder()
                                            .setListProjects(ListProjects.getDefaultInstance()))
                            .getProjectsList();
            output().print(
                            Views.each(projects, GovernanceViews::project),
                            () -> {
                                Table table = new Table("NAME", "POLICY", "CREATED");
                                projects.forEach(project ->
                                        table.row(
                                                project.getName(),
                                                project.getPolicy().isEmpty()
                                                        ? "-"
                                                        : project.getPolicy(),
                                                Times.show(project.getCreatedMillis())));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(name = "rm", description = "Delete a project that no volume is in.")
    static final class Remove extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            var command = DeleteProject.newBuilder().setName(name);
            execute(ExecuteRequest.newBuilder().setDeleteProject(command));
            output().done(Map.of("name", name, "state", "deleted"), () -> "deleted " + name);
            return ExitCode.DONE;
        }
    }
}
