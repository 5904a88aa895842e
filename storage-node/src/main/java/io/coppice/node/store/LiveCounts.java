package io.coppice.node.store;

/// Hears of table entries that come and go.
@FunctionalInterface
interface LiveCounts {
    /// `count` entries (negative: fewer) point into the segment of `location`.
    void add(long location, int count);
}
