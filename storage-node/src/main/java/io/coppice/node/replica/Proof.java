package io.coppice.node.replica;

/// What a replica knows of whether the operations that it holds were ever acknowledged.
final class Proof {
    /// Up to here it may hold what was not: it found it after a restart, or fetched it from a
    /// primary that had not finished it.
    private long unsureUpTo;

    /// Up to here a primary with enough serving members knew that all of them had it.
    private long provenUpTo;

    Proof(long foundUpTo) {
        unsureUpTo = foundUpTo;
    }

    void fetched(long upTo) {
        unsureUpTo = upTo;
        provenUpTo = 0;
    }

    void proven(long upTo) {
        provenUpTo = Math.max(provenUpTo, upTo);
    }

    boolean isComplete() {
        return provenUpTo >= unsureUpTo;
    }
}
