/// The bytes on disk, and nothing else: no file is opened here, no decision taken. All integers are
/// big-endian.
///
/// A store is a directory:
///
/// ```
/// store                    text: format, cluster, store id, chunk size, CRC
/// seg-%016x                segments of the log, numbered from 1, never reused
/// ckpt-%016x               the newest checkpoint of the index (and, briefly, its successor as *.tmp)
/// ```
///
/// A segment is a header and records, each starting at a multiple of 64 bytes:
///
/// ```
/// segment header, 64 bytes        record header, 88 bytes + CRCs + extra, padded to 64
///  0 u32 magic "Cseg"              0 u32 magic "Crec"
///  4 u32 CRC32C of [8, 64)         4 u32 CRC32C of [8, end of header)
///  8 u32 format version            8 u8  kind   9 u8 flags   10 u16 0
/// 16 u128 store id                12 u32 group
/// 32 u64 segment number           16 u64 epoch         24 u64 sequence
/// 40 u64 previous segment         32 u64 chunk         40 u64 from (parent)
/// 48 u64 bytes of that            48 u64 session       56 u64 request
///                                 64 u32 first block   68 u32 block count
///                                 72 u32 data blocks   76 u32 extra bytes
///                                 80 u64 durable: the log before it was, when this was made
///                                 88 u32 CRC32C of each data block
///                                    extra (ids of purged chunks, block numbers of an installed one)
///                                    zeros to the next multiple of 64
///                                    data blocks, 4 KiB each
/// ```
///
/// So one block of 4 KiB takes 4,224 bytes. The CRCs of headers start from the store id, the
/// segment number and the offset: see [io.coppice.node.format.RecordCodec].
///
/// A checkpoint is a stream of checksummed frames, see [io.coppice.node.format.FrameWriter].
@NullMarked
package io.coppice.node.format;

import org.jspecify.annotations.NullMarked;
