package io.coppice.node.format;

import io.coppice.model.Blocks;

/// The fixed part of a record's header; see the package page for the layout.
///
/// @param request sequence number of the request in its session; MARK: the state word; a part: its
///   number
/// @param blockCount ZERO: blocks to unmap; otherwise as dataBlocks
/// @param dataBlocks blocks of data behind the header, each with a CRC in it
/// @param extraBytes bytes between the CRCs and the padding; their meaning depends on the kind
public record RecordHeader(
        RecordKind kind,
        int flags,
        int group,
        long epoch,
        long sequence,
        long chunk,
        long from,
        long session,
        long request,
        int firstBlock,
        int blockCount,
        int dataBlocks,
        int extraBytes) {
    /// The chunk may be new.
    public static final int CREATE = 1;

    /// Takes effect together with the record behind it only.
    public static final int MORE = 2;

    /// INSTALL: start from the blocks of the parent.
    public static final int FROM_PARENT = 4;

    /// INSTALL: start from the blocks of the version that is there.
    public static final int FROM_HELD = 8;

    /// INSTALL: the extra ends with blocks that other chunks have too.
    public static final int REFERENCES = 16;

    public static final int FIXED_BYTES = 88;
    public static final int ALIGNMENT = 64;

    /// A location has 11 bits for the block inside its record.
    public static final int DATA_BLOCKS_MAX = 2048;

    public static final int EXTRA_BYTES_MAX = 128 << 10;

    /// Header bytes of a record with at most 10 data blocks and no extra.
    public static final int SMALL_BYTES = 128;

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    public int headerBytes() {
        return headerBytes(dataBlocks, extraBytes);
    }

    /// Bytes of the record in the log.
    public long bytes() {
        return headerBytes() + ((long) dataBlocks << Blocks.BLOCK_SHIFT);
    }

    public static int headerBytes(int dataBlocks, int extraBytes) {
        return (FIXED_BYTES + 4 * dataBlocks + extraBytes + ALIGNMENT - 1) & -ALIGNMENT;
    }
}
