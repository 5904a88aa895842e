package io.coppice.cli.local;

import java.util.List;
import java.util.Optional;

/// The servers of a one-machine cluster, however they run.
interface Servers {
    /// Those that have to be started: the ones which do not run yet.
    List<ServerSpec> missing(List<ServerSpec> all);

    /// Starts servers; returns when each has started or is on its way.
    void start(List<ServerSpec> servers);

    /// Why a server that was started here runs no more.
    Optional<String> failure();

    /// Stops what was started, the last kind first.
    void stop();
}
