package io.coppice.metadata.core;

import java.io.IOException;
import java.io.OutputStream;

/// The state as it was at one moment. Making one costs a copy of pointers; while it is open, a page
/// that changes is copied first. So close it soon after use. Any thread may use it; one thread at a
/// time.
public interface MetadataCapture extends MetadataView, AutoCloseable {

    /// Writes the whole state; [MetadataState#load] reads it. Does not close `out`. Equal states
    /// give equal bytes when they came from the same commands.
    void writeTo(OutputStream out) throws IOException;

    @Override
    void close();
}
