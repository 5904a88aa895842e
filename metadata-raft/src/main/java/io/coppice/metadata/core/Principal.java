package io.coppice.metadata.core;

import java.util.List;

/// Somebody who can have rights. Rights belong to the id, which is never given again, so who later
/// gets the name gets nothing with it.
///
/// @param teams ids of those that it is in, ascending; it has their rights
public record Principal(long id, String name, Kind kind, List<Long> teams, long createdMillis) {
    /// The first administrator: there from the beginning, and for ever.
    public static final String ADMIN = "admin";

    /// Serves whoever connects to it: there from the beginning.
    public static final String GATEWAY = "gateway";

    /// In the log and in snapshots by its place here.
    public enum Kind {
        PERSON,
        SERVICE,
        /// Others have rights by being in it; nobody is it.
        TEAM
    }

    public Principal {
        teams = List.copyOf(teams);
    }

    Principal named(String other) {
        return new Principal(id, other, kind, teams, createdMillis);
    }

    Principal within(List<Long> others) {
        return new Principal(id, name, kind, others, createdMillis);
    }
}
