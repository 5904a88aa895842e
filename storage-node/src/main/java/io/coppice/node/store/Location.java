package io.coppice.node.store;

import io.coppice.node.format.RecordHeader;

/// Where a block is, as one long; 0: nowhere, the block is unmapped.
///
/// ```
/// bit 61       shared: a copy of this entry may stand in another table
/// bits 31-60   segment number
/// bits 11-30   offset of the record's header / 64
/// bits  0-10   block inside the record
/// ```
///
/// Consecutive blocks of one record have consecutive locations.
final class Location {
    static final long NONE = 0;
    static final long SHARED = 1L << 61;
    static final long SEGMENT_MAX = (1L << 30) - 1;
    private static final int SEGMENT_SHIFT = 31;
    private static final int HEADER_SHIFT = 11;
    private static final int INDEX_MASK = (1 << HEADER_SHIFT) - 1;
    private static final int UNIT = RecordHeader.ALIGNMENT;

    private Location() {}

    static long of(long segment, int headerOffset) {
        return segment << SEGMENT_SHIFT | (long) (headerOffset / UNIT) << HEADER_SHIFT;
    }

    static long segment(long location) {
        return location >>> SEGMENT_SHIFT & SEGMENT_MAX;
    }

    static int headerOffset(long location) {
        return (int) (location >>> HEADER_SHIFT & (1 << 20) - 1) * UNIT;
    }

    static int index(long location) {
        return (int) location & INDEX_MASK;
    }

    /// Names the record: equal for all its blocks.
    static long record(long location) {
        return (location & ~SHARED) >>> HEADER_SHIFT;
    }

    static boolean isShared(long location) {
        return (location & SHARED) != 0;
    }

    static long[] withoutShared(long[] locations) {
        for (int i = 0; i < locations.length; i++) {
            locations[i] &= ~SHARED;
        }
        return locations;
    }

    static boolean samePlace(long left, long right) {
        return ((left ^ right) & ~SHARED) == 0;
    }
}
