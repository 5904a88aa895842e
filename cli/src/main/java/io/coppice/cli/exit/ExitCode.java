package io.coppice.cli.exit;

import io.coppice.wire.pb.Code;

/// What the process tells its caller; scripts rely on the numbers.
public enum ExitCode {
    DONE(0),
    FAILED(1),
    USAGE(2),
    UNAVAILABLE(3),
    NOT_FOUND(4),
    CONFLICT(5),
    NOT_ALLOWED(6),
    NO_SPACE(7);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /// The exit code of what the metadata quorum answered.
    public static ExitCode of(Code code) {
        return switch (code) {
            case CODE_OK -> DONE;
            case CODE_NOT_LEADER, CODE_UNAVAILABLE -> UNAVAILABLE;
            case CODE_BAD_REQUEST -> USAGE;
            case CODE_NOT_FOUND -> NOT_FOUND;
            case CODE_EXISTS, CODE_CONFLICT -> CONFLICT;
            case CODE_NOT_ALLOWED -> NOT_ALLOWED;
            case CODE_NO_SPACE -> NO_SPACE;
            case CODE_STALE, CODE_INTERNAL, UNRECOGNIZED -> FAILED;
        };
    }
}
