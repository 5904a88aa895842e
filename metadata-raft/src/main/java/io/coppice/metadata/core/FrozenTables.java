package io.coppice.metadata.core;

import io.coppice.model.Invariant;
import java.io.IOException;
import java.io.OutputStream;

/// A capture: a view of frozen tables that holds their pages until it is closed.
final class FrozenTables extends TablesView implements MetadataCapture {
    private final CaptureGate gate;
    private final long capture;
    private volatile boolean closed;

    /// Opens the gate first: from then on the live tables copy what these share.
    static FrozenTables of(Tables live) {
        long capture = live.gate.open();
        return new FrozenTables(live.freeze(), live.gate, capture);
    }

    private FrozenTables(Tables frozen, CaptureGate gate, long capture) {
        super(frozen);
        this.gate = gate;
        this.capture = capture;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        Invariant.check(!closed, "the capture is closed");
        StateWriter.write(tables, out);
    }

    @Override
    public void close() {
        closed = true;
        gate.close(capture);
    }
}
