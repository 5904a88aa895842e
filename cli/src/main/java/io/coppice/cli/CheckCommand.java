package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.client.CheckResult;
import io.coppice.client.ClusterCheck;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `check [--deep]`: exit 0 only when all is clean.
@Command(
        name = "check",
        description = "Recount all refcounts and compare what is mapped with what is stored.")
final class CheckCommand extends Verb {
    @Option(
            names = "--deep",
            description = "Read all data, verify its checksums, repair what is damaged.")
    boolean deep;

    @Override
    ExitCode run() throws Exception {
        CheckResult result;
        try (Progress progress = new Progress(output(), Progress.Unit.GROUPS)) {
            result =
                    new ClusterCheck(
                                    control(),
                                    main().credentials().orElse(null),
                                    deep,
                                    progress::reach)
                            .run();
        }
        output().print(view(result), () -> text(result));
        if (!result.clean()) {
            output().err()
                    .println(
                            "coppice: the cluster is not clean"
                                    + (result.repaired() > 0
                                            ? "; damaged blocks were repaired, check again"
                                            : ""));
        }
        if (result.notServing() > 0) {
            output().err()
                    .println(
                            "coppice: "
                                    + result.notServing()
                                    + " replicas do not serve and could not be compared: nothing"
                                    + " is known of them, and their groups have less redundancy"
                                    + " than they should; check again when 'status' says ok");
        }
        return result.clean() ? ExitCode.DONE : ExitCode.FAILED;
    }

    private Map<String, Object> view(CheckResult result) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("clean", result.clean()); // of what was compared
        view.put("refcount_errors", result.refcountErrors());
        view.put("missing_chunks", result.missingChunks());
        view.put("orphan_chunks", result.orphanChunks());
        view.put("replica_mismatches", result.replicaMismatches());
        view.put("checksum_errors", result.checksumErrors());
        view.put("repaired", result.repaired());
        view.put("unchecked_replicas", result.unchecked());
        view.put("not_serving_replicas", result.notServing());
        view.put("deep", deep);
        view.put("details", result.details());
        return view;
    }

    private static String verdict(CheckResult result) {
        String what = result.clean() ? "clean" : "NOT CLEAN";
        return result.notServing() == 0
                ? what
                : what + ", but " + result.notServing() + " replicas could not be compared";
    }

    private String text(CheckResult result) {
        Details lines =
                new Details()
                        .line("result", verdict(result))
                        .line("refcount errors", result.refcountErrors())
                        .line("missing chunks", result.missingChunks())
                        .line("orphan chunks", result.orphanChunks())
                        .line("replica mismatches", result.replicaMismatches())
                        .line(
                                "checksum errors",
                                deep
                                        ? result.checksumErrors()
                                                + ", "
                                                + result.repaired()
                                                + " repaired"
                                        : "not looked for (--deep)")
                        .line("not answering", result.unchecked() + " replicas")
                        .line("not serving", result.notServing() + " replicas, not compared");
        return result.details().isEmpty()
                ? lines.toString()
                : lines + "\n\n" + String.join("\n", result.details());
    }
}
