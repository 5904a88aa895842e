/// What leaves and enters a cluster as a file: raw images, and differences between two sources.
///
/// Pure byte handling over streams; who reads the blocks and where they go is the caller's
/// business.
///
/// A *difference* is a stream, all integers big-endian:
///
/// ```
/// magic     16 bytes   89 "COPPICE-DIFF" 0d 0a 1a
/// version   u32        1
/// size      u64        bytes of the newer source; the target is resized to it
/// from      u16 + UTF-8   name of the older source
/// to        u16 + UTF-8   name of the newer source
/// records, in the order of offsets:
///   'D' offset u64, length u32, crc u32, data    CRC32C of the data; whole blocks of 4,096 bytes, 8 MiB at most
///   'Z' offset u64, length u64                   reads as zeros
/// 'E' records u64                                the end; a stream without it is torn
/// ```
@NullMarked
package io.coppice.cli.image;

import org.jspecify.annotations.NullMarked;
