package io.coppice.chaos.workload;

import io.coppice.chaos.history.Operation;
import java.util.List;

/// What a judge says of a history.
///
/// @param judged operations that were looked at
/// @param findings what is wrong; empty: nothing
public record Verdict(long judged, List<Finding> findings) {
    /// Something that is wrong.
    ///
    /// @param what one line
    /// @param witnesses the fewest operations that show it, in the order of time
    public record Finding(String what, List<Operation> witnesses) {}

    public boolean valid() {
        return findings.isEmpty();
    }
}
