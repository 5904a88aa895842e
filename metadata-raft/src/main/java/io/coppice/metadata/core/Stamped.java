package io.coppice.metadata.core;

/// A command as the leader put it into the log.
///
/// @param session who acts: a registered client session, a number an anonymous caller chose, or 0
///   for the leader itself. 0 is not remembered, the others are answered once per sequence
/// @param sequence names the command within its session
/// @param acknowledged the session has the answers up to this sequence, so they may be forgotten;
///   0: not said
/// @param wallMillis the leader's wall clock; for records, retention and expiry
/// @param caller who asked, and from where
public record Stamped(
        long session,
        long sequence,
        long acknowledged,
        long wallMillis,
        Caller caller,
        Command command) {

    /// Of somebody who is not authenticated: `NAME@ADDRESS`; empty: the leader itself.
    public Stamped(
            long session,
            long sequence,
            long acknowledged,
            long wallMillis,
            String caller,
            Command command) {
        this(session, sequence, acknowledged, wallMillis, Caller.said(caller), command);
    }

    /// A command of the leader's own.
    public static Stamped byLeader(long wallMillis, Command command) {
        return new Stamped(0, 0, 0, wallMillis, Caller.LEADER, command);
    }

    /// Who asked; empty: the leader itself.
    String principal() {
        return caller.name();
    }

    /// From where.
    String from() {
        return caller.address();
    }
}
