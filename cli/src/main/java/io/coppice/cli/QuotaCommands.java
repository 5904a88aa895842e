package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListProjects;
import io.coppice.wire.pb.ProjectInfo;
import io.coppice.wire.pb.PutQuota;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.Quota;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quota ...`
@Command(
        name = "quota",
        description = "What the volumes of a project may be together.",
        subcommands = {QuotaCommands.Set.class, QuotaCommands.Ls.class})
final class QuotaCommands extends Noun {
    private static final String NONE = "none";

    private static List<ProjectInfo> projects(Verb verb) throws Exception {
        return verb.query(
                        QueryRequest.newBuilder()
                                .setListProjects(ListProjects.getDefaultInstance()))
                .getProjectsList();
    }

    @Command(
            name = "set",
            description =
                    "Change what a project may have; what is not named stays. What is above it"
                            + " already stays as well.")
    static final class Set extends Verb {
        @Parameters(paramLabel = "PROJECT")
        String project = "";

        @Option(
                names = "--provisioned",
                paramLabel = "SIZE",
                description = "The sum of its volumes' sizes, such as 10T, or none.")
        @Nullable String provisioned;

        @Option(
                names = "--clones",
                paramLabel = "N",
                description = "How many of them are clones, or none.")
        @Nullable String clones;

        @Option(
                names = "--clones-per-source",
                paramLabel = "N",
                description = "Clones of any one volume and its snapshots, or none.")
        @Nullable String clonesPerSource;

        @Option(
                names = "--own",
                paramLabel = "SIZE",
                description =
                        "What would be free without it, its trash counted, such as 1T, or none.")
        @Nullable String own;

        @Override
        ExitCode run() throws Exception {
            if (provisioned == null && clones == null && clonesPerSource == null && own == null) {
                throw new CliException(ExitCode.USAGE, "say what to change (see --help)");
            }
            Quota.Builder quota =
                    projects(this).stream()
                            .filter(it -> it.getName().equals(project))
                            .map(it -> it.getQuota().toBuilder())
                            .findFirst()
                            .orElseGet(Quota::newBuilder);
            if (provisioned != null) {
                quota.setProvisionedBytes(
                        provisioned.equals(NONE) ? 0 : Sizes.parseVolume(provisioned));
            }
            if (clones != null) {
                quota.setClones(count("--clones", clones));
            }
            if (clonesPerSource != null) {
                quota.setClonesPerSource(count("--clones-per-source", clonesPerSource));
            }
            if (own != null) {
                quota.setOwnBytes(own.equals(NONE) ? 0 : Sizes.parseVolume(own));
            }
            var command = PutQuota.newBuilder().setProject(project).setQuota(quota);
            ProjectInfo changed =
                    execute(ExecuteRequest.newBuilder().setPutQuota(command)).getProject();
            output().done(
                            GovernanceViews.quota(changed),
                            () -> "the quota of project " + project + " is set");
            return ExitCode.DONE;
        }

        private static int count(String option, String text) {
            if (text.equals(NONE)) {
                return 0;
            }
            if (!text.matches("[1-9][0-9]{0,8}")) {
                throw new CliException(
                        ExitCode.USAGE, option + " must be a positive number, or none");
            }
            return Integer.parseInt(text);
        }
    }

    @Command(name = "ls", description = "What projects have, and what they may have.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<ProjectInfo> projects = projects(this);
            output().print(
                            Views.each(projects, GovernanceViews::quota),
                            () -> {
                                Table table =
                                        new Table(
                                                "PROJECT",
                                                "PROVISIONED",
                                                "OWN",
                                                "CLONES",
                                                "CLONES PER SOURCE");
                                projects.forEach(it -> row(table, it));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }

        private static String own(ProjectInfo project) {
            long most = project.getQuota().getOwnBytes();
            return most == 0
                    ? "-"
                    : (project.hasOwnBytes() ? Sizes.show(project.getOwnBytes()) : "not counted")
                            + " of "
                            + Sizes.show(most);
        }

        private static void row(Table table, ProjectInfo project) {
            Quota quota = project.getQuota();
            long most = quota.getProvisionedBytes();
            table.row(
                    project.getName(),
                    Sizes.show(project.getProvisionedBytes())
                            + (most == 0 ? "" : " of " + Sizes.show(most)),
                    own(project),
                    project.getClones()
                            + (quota.getClones() == 0 ? "" : " of " + quota.getClones()),
                    quota.getClonesPerSource() == 0
                            ? "-"
                            : "at most " + quota.getClonesPerSource());
        }
    }
}
