package io.coppice.client.plan;

/// What proves to the storage nodes that the quorum has told of chunks, of a map page's slots or of
/// a flip's (docs/internals/access.md). Where there is none it is 0.
///
/// @param read to read the chunk, or derive from it
/// @param write to change it in place
public record Tags(long[] read, long[] write) {
    /// Where nodes ask for none.
    public static final Tags NONE = new Tags(new long[0], new long[0]);

    long read(int slot) {
        return slot < read.length ? read[slot] : 0;
    }

    long write(int slot) {
        return slot < write.length ? write[slot] : 0;
    }
}
