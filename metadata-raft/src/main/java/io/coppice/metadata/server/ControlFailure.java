package io.coppice.metadata.server;

import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Refusal;
import io.coppice.metadata.raft.QuorumException;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Failure;

/// An answer of the control plane that is no success: code and one line. Thrown only inside this
/// room.
final class ControlFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final Code code;

    ControlFailure(Code code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    static ControlFailure unavailable(String message) {
        return new ControlFailure(Code.CODE_UNAVAILABLE, message);
    }

    static ControlFailure notLeader() {
        return new ControlFailure(Code.CODE_NOT_LEADER, "this metadata server does not lead");
    }

    static ControlFailure badRequest(String message) {
        return new ControlFailure(Code.CODE_BAD_REQUEST, message);
    }

    static ControlFailure conflict(String message) {
        return new ControlFailure(Code.CODE_CONFLICT, message);
    }

    static ControlFailure of(Outcome.Refused refused) {
        return new ControlFailure(code(refused.code()), refused.message());
    }

    static ControlFailure of(QuorumException failed) {
        return switch (failed.reason()) {
            case NOT_LEADER, STOPPED -> notLeader();
            case OVERLOADED, UNFINISHED -> unavailable(String.valueOf(failed.getMessage()));
        };
    }

    Code code() {
        return code;
    }

    String message() {
        return String.valueOf(getMessage());
    }

    /// @param leader control address of the leader, as far as it is known; named only where it
    ///   helps
    Failure toFailure(String leader) {
        return Failure.newBuilder()
                .setCode(code)
                .setMessage(message())
                .setLeader(code == Code.CODE_NOT_LEADER ? leader : "")
                .build();
    }

    private static Code code(Refusal refusal) {
        return switch (refusal) {
            case UNAVAILABLE -> Code.CODE_UNAVAILABLE;
            case BAD_REQUEST -> Code.CODE_BAD_REQUEST;
            case NOT_FOUND -> Code.CODE_NOT_FOUND;
            case EXISTS -> Code.CODE_EXISTS;
            case CONFLICT -> Code.CODE_CONFLICT;
            case NOT_ALLOWED -> Code.CODE_NOT_ALLOWED;
            case NO_SPACE -> Code.CODE_NO_SPACE;
            case STALE -> Code.CODE_STALE;
        };
    }
}
