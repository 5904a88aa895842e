package io.coppice.metadata.raft;

import java.net.BindException;
import java.nio.file.FileSystemException;

/// What a person is told when a server cannot start on its directory. A log or snapshot with a
/// wrong byte is never read past: the entries behind it were acknowledged, and a server that
/// forgets them can make the whole quorum forget them.
final class DamagedLog {
    private DamagedLog() {}

    static String told(QuorumConfig config, Throwable failed) {
        String why = RaftQuorum.rootCause(failed);
        String server = "metadata server '" + config.server() + "'";
        if (isOfTheSystem(failed)) {
            return server + " cannot start on " + config.dir() + ": " + why;
        }
        return server
                + " cannot read its log in "
                + config.dir()
                + " and does not start, lest acknowledged commands are forgotten: "
                + why
                + "; "
                + (config.peers().size() > 1
                        ? "check the disk, move that directory away and start the server with an"
                                + " empty one: it gets everything from the other metadata servers"
                        : "it is the only metadata server: put back a copy of that directory");
    }

    private static boolean isOfTheSystem(Throwable failed) {
        for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
            if (cause instanceof FileSystemException
                    || cause instanceof BindException
                    || String.valueOf(cause.getMessage()).contains("No space left")) {
                return true;
            }
        }
        return false;
    }
}
