package io.coppice.node.format;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Writes and reads record and segment headers of one store. Their checksums start from the store's
/// id and the place of the header, so bytes that look like a record but stand elsewhere (a user's
/// block that holds a copy of a segment, a file of another store) never pass for one. One thread at
/// a time.
public final class RecordCodec {
    public static final int SEGMENT_HEADER_BYTES = 64;
    private static final int RECORD_MAGIC = 0x43726563; // "Crec"
    private static final int SEGMENT_MAGIC = 0x43736567; // "Cseg"
    static final int FORMAT_VERSION = 2;
    private static final int CRC_FROM = 8;

    private final UUID store;
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer seed = ByteBuffer.allocate(32);

    public RecordCodec(UUID store) {
        this.store = store;
    }

    /// Fills in the first [RecordHeader#headerBytes] bytes of `target` from its position on, which
    /// moves there.
    ///
    /// @param extra its remaining bytes are [RecordHeader#extraBytes]; null when that is 0
    /// @param durable everything in the log before this place was durable when the record was made
    public void encode(
            RecordHeader header,
            int[] crcs,
            @Nullable ByteBuffer extra,
            long durable,
            long segment,
            int offset,
            ByteBuffer target) {
        int start = target.position();
        target.putInt(RECORD_MAGIC).putInt(0);
        target.put(header.kind().code)
                .put((byte) header.flags())
                .putShort((short) 0)
                .putInt(header.group());
        target.putLong(header.epoch()).putLong(header.sequence());
        target.putLong(header.chunk()).putLong(header.from());
        target.putLong(header.session()).putLong(header.request());
        target.putInt(header.firstBlock()).putInt(header.blockCount());
        target.putInt(header.dataBlocks()).putInt(header.extraBytes());
        target.putLong(durable);
        for (int i = 0; i < header.dataBlocks(); i++) {
            target.putInt(crcs[i]);
        }
        if (extra != null) {
            target.put(extra);
        }
        int end = start + header.headerBytes();
        while (target.position() < end) {
            target.put((byte) 0);
        }
        target.putInt(start + 4, checksum(target, start + CRC_FROM, end, segment, offset));
    }

    /// The header at absolute position `at` of `source`, or null if no valid one is there or it is
    /// not there as a whole.
    public @Nullable RecordHeader decode(ByteBuffer source, int at, long segment, int offset) {
        int bytes = headerBytes(source, at);
        if (bytes == 0
                || at + bytes > source.limit()
                || source.getInt(at + 4)
                        != checksum(source, at + CRC_FROM, at + bytes, segment, offset)) {
            return null;
        }
        RecordKind kind = RecordKind.of(source.get(at + 8));
        return kind == null
                ? null
                : new RecordHeader(
                        kind,
                        source.get(at + 9),
                        source.getInt(at + 12),
                        source.getLong(at + 16),
                        source.getLong(at + 24),
                        source.getLong(at + 32),
                        source.getLong(at + 40),
                        source.getLong(at + 48),
                        source.getLong(at + 56),
                        source.getInt(at + 64),
                        source.getInt(at + 68),
                        source.getInt(at + 72),
                        source.getInt(at + 76));
    }

    /// What a header at `at` claims to measure, 0 if nothing like one is there. Believe it only
    /// after [#decode]; it tells how much to read.
    public static int headerBytes(ByteBuffer source, int at) {
        if (at + RecordHeader.FIXED_BYTES > source.limit() || source.getInt(at) != RECORD_MAGIC) {
            return 0;
        }
        int dataBlocks = source.getInt(at + 72);
        int extraBytes = source.getInt(at + 76);
        boolean sane =
                dataBlocks >= 0
                        && dataBlocks <= RecordHeader.DATA_BLOCKS_MAX
                        && extraBytes >= 0
                        && extraBytes <= RecordHeader.EXTRA_BYTES_MAX;
        return sane ? RecordHeader.headerBytes(dataBlocks, extraBytes) : 0;
    }

    /// What was durable when the decoded record at `at` was made.
    public static long durableAt(ByteBuffer source, int at) {
        return source.getLong(at + 80);
    }

    /// CRC of data block `index` of the record at `at`.
    public static int crcAt(ByteBuffer source, int at, int index) {
        return source.getInt(at + RecordHeader.FIXED_BYTES + 4 * index);
    }

    /// The extra bytes of a decoded record.
    public static ByteBuffer extra(ByteBuffer source, int at, RecordHeader header) {
        return source.slice(
                at + RecordHeader.FIXED_BYTES + 4 * header.dataBlocks(), header.extraBytes());
    }

    /// @param previous the segment that the log continues, 0: none
    /// @param previousBytes what it measured when this one was begun: without that, records lost at
    ///   its end would leave no trace; 0: not known, it was gone
    public void encodeSegment(long segment, long previous, long previousBytes, ByteBuffer target) {
        int start = target.position();
        target.putInt(SEGMENT_MAGIC).putInt(0).putInt(FORMAT_VERSION).putInt(0);
        target.putLong(store.getMostSignificantBits()).putLong(store.getLeastSignificantBits());
        target.putLong(segment).putLong(previous).putLong(previousBytes).putLong(0);
        target.putInt(start + 4, checksum(target, start + CRC_FROM, target.position(), segment, 0));
    }

    /// The previous segment's number that the header of `segment` names, or -1 if the header is not
    /// this segment's.
    public long decodeSegment(ByteBuffer source, long segment) {
        boolean valid =
                source.limit() >= SEGMENT_HEADER_BYTES
                        && source.getInt(0) == SEGMENT_MAGIC
                        && source.getInt(4)
                                == checksum(source, CRC_FROM, SEGMENT_HEADER_BYTES, segment, 0)
                        && source.getInt(8) == FORMAT_VERSION
                        && source.getLong(32) == segment;
        return valid ? source.getLong(40) : -1;
    }

    /// What the previous segment measured, as the header says that [#decodeSegment] found valid.
    public static long previousBytes(ByteBuffer source) {
        return source.getLong(48);
    }

    private int checksum(ByteBuffer bytes, int from, int to, long segment, int offset) {
        seed.clear();
        seed.putLong(store.getMostSignificantBits()).putLong(store.getLeastSignificantBits());
        seed.putLong(segment).putLong(offset);
        crc.reset();
        crc.update(seed.array(), 0, seed.capacity());
        int position = bytes.position();
        int limit = bytes.limit();
        bytes.limit(to).position(from);
        crc.update(bytes);
        bytes.limit(limit).position(position);
        return (int) crc.getValue();
    }
}
