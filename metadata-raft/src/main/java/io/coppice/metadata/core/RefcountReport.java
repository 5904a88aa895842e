package io.coppice.metadata.core;

import java.util.List;

/// What a recount found.
///
/// @param errors counts, nodes or lists that differ from the recount
/// @param details the first of them, one line each
/// @param chunks distinct chunks
/// @param mappedSlots leaf slots that name one
public record RefcountReport(long errors, List<String> details, long chunks, long mappedSlots) {
    public RefcountReport {
        details = List.copyOf(details);
    }
}
