package io.coppice.node.store;

/// Locations of 32 consecutive blocks. Shared by tables until one of them changes it. See [Tables].
final class Leaf {
    static final int SHIFT = 5;
    static final int BLOCKS = 1 << SHIFT;

    final long[] locations;
    int refs = 1;

    /// Number of the capture that follows its making.
    final int born;

    /// Number given by the checkpoint writer, and touched by nobody else.
    long saved = -1;

    Leaf(long[] locations, int born) {
        this.locations = locations;
        this.born = born;
    }
}
