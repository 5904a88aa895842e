package io.coppice.node.store;

import java.io.IOException;

/// The directory cannot be used as this store: another cluster's, a newer format, no store at all,
/// or damaged beyond what recovery can mend. The message is one line for an operator.
public final class StoreFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public StoreFormatException(String message) {
        super(message);
    }
}
