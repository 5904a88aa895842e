package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;

/// Who asks for a command, and the name of the request across its retries.
record Asker(long session, long sequence, Caller caller) {
    static final Asker LEADER = new Asker(0, 0, Caller.LEADER);
}
