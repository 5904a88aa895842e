package io.coppice.metadata.server;

/// Who asks for a command, and the name of the request across its retries.
///
/// @param caller `NAME@ADDRESS`; empty: the leader itself
record Asker(long session, long sequence, String caller) {
    static final Asker LEADER = new Asker(0, 0, "");
}
