package io.coppice.chaos.client;

import io.coppice.directory.ControlException;
import io.coppice.wire.pb.Code;
import java.io.IOException;

/// The quorum refused, or could not be reached.
public final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Code code;

    RefusedException(ControlException why) {
        super(why.getMessage(), why);
        code = why.code();
    }

    public Code code() {
        return code;
    }
}
