package io.coppice.chaos.report;

import io.coppice.chaos.history.History;
import io.coppice.chaos.nemesis.Fault;
import io.coppice.chaos.workload.Verdict;
import java.util.List;

/// What came of a run.
///
/// @param start of the clients, nanoseconds
/// @param end of the faults
/// @param verdict of the workload's judge
/// @param troubles what else is wrong: the cluster did not get well, a check found something, a
///   server's log tells of a bug
public record Outcome(
        Settings settings,
        long start,
        long end,
        History history,
        List<Fault> faults,
        Verdict verdict,
        List<String> troubles) {
    public boolean valid() {
        return verdict.valid() && troubles.isEmpty();
    }
}
