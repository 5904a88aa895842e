package io.coppice.metadata.core;

import java.io.IOException;
import java.io.InputStream;

/// The replicated state machine. Used by one thread at a time; only captures leave it.
public final class MetadataState {

    public MetadataState() {}

    /// Does one command, or says why not. Total and deterministic: the same commands in the same order
    /// give the same outcomes and the same state everywhere.
    public Outcome apply(Stamped stamped) {
        throw new UnsupportedOperationException();
    }

    /// The outcome of an earlier attempt at this command, without applying anything; null: none is known.
    public @org.jspecify.annotations.Nullable Outcome remembered(long session, long sequence) {
        throw new UnsupportedOperationException();
    }

    public MetadataView view() {
        throw new UnsupportedOperationException();
    }

    public MetadataCapture capture() {
        throw new UnsupportedOperationException();
    }

    /// Reads what [MetadataCapture#writeTo] wrote.
    ///
    /// @throws IOException also when the bytes are damaged or of a newer version; one line says what
    public static MetadataState load(InputStream in) throws IOException {
        throw new UnsupportedOperationException();
    }
}
