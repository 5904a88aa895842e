package io.coppice.chaos.run;

import io.coppice.chaos.nemesis.Nemeses;
import io.coppice.chaos.nemesis.Nemesis;
import io.coppice.chaos.workload.Workload;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `chaos list`: what there is.
@Command(name = "list", description = "Workloads and kinds of faults.")
final class ListCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        System.out.println("workloads:");
        for (Workload each : Workload.all()) {
            System.out.printf(Locale.ROOT, "  %-18s %s%n", each.name(), each.about());
        }
        System.out.println("nemeses:");
        for (Nemesis each : Nemeses.all()) {
            System.out.printf(Locale.ROOT, "  %-18s %s%n", each.name(), each.about());
        }
        return 0;
    }
}
