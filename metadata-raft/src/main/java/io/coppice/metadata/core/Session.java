package io.coppice.metadata.core;

/// A registered client session. `leases`: id ranges of which some ids are unused yet.
public record Session(long id, String client, long openedMillis, int leases) {}
