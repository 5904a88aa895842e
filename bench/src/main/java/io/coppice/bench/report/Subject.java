package io.coppice.bench.report;

import java.io.IOException;

/// Something that is measured. Serves from its making until it is closed; one thread.
interface Subject extends AutoCloseable {
    /// As the report's columns call it.
    String name();

    /// Whether the row means anything here.
    boolean runs(Row row);

    /// One run, with what it takes around it (a fresh clone, a chain).
    ///
    /// @param run from 0 on; the first one of a row ramps up longer
    Figures run(Row row, int run) throws IOException;

    /// Stops what was started.
    @Override
    void close() throws IOException;
}
