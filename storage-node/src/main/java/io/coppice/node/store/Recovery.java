package io.coppice.node.store;

/// What opening a store found. Filled by [ChunkStore#open]; not thread-safe.
public final class Recovery {
    boolean created;
    long checkpoint;
    long records;
    long bytes;
    long tornBytes;
    long rottenBlocks;
    long lostRecords;
    int missingSegments;

    /// The directory was empty: a new store.
    public boolean created() {
        return created;
    }

    /// Number of the checkpoint that was loaded, 0: none.
    public long checkpoint() {
        return checkpoint;
    }

    /// Records replayed after the checkpoint.
    public long records() {
        return records;
    }

    /// Bytes of log read again.
    public long bytes() {
        return bytes;
    }

    /// Bytes cut off at the end of the log: writes that were under way at the crash.
    public long tornBytes() {
        return tornBytes;
    }

    /// Blocks whose data is damaged although valid records follow. They stay mapped, reads report
    /// them as bad until [ChunkStore#repair] mends them.
    public long rottenBlocks() {
        return rottenBlocks;
    }

    /// Places in the middle of the log where the header of one or more records was unreadable (or a
    /// segment is missing): operations whose chunk is unknown. Versions of chunks prove nothing
    /// then; the groups of this store must be compared with their primaries by digest.
    public long lostRecords() {
        return lostRecords;
    }

    public boolean suspect() {
        return lostRecords > 0 || missingSegments > 0;
    }

    @Override
    public String toString() {
        return (created ? "new store" : "checkpoint " + checkpoint)
                + ", "
                + records
                + " records ("
                + bytes
                + " bytes) replayed, "
                + tornBytes
                + " bytes of torn tail cut off, "
                + rottenBlocks
                + " damaged blocks, "
                + lostRecords
                + " damaged records, "
                + missingSegments
                + " missing segments";
    }
}
