package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.model.Invariant;
import io.coppice.node.format.RecordHeader;
import io.coppice.node.format.RecordKind;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/// Puts another replica's version of a chunk into the log, in several records if it is large, and
/// into the index.
final class Installer {
    private static final int RECORD_BYTES_MAX = 8 << 20;
    private static final int REFERENCE_BYTES = 12;
    private final SegmentLog log;
    private final RecordApplier applier;
    private final int blocksMax;

    Installer(SegmentLog log, RecordApplier applier, StoreConfig config) {
        this.log = log;
        this.applier = applier;
        int bytes = Math.min(RECORD_BYTES_MAX, config.chunkBytes());
        this.blocksMax = Math.min(RecordHeader.DATA_BLOCKS_MAX, bytes >>> Blocks.BLOCK_SHIFT);
    }

    void install(ChunkImage image) {
        int total = image.blocks().length;
        Invariant.check(
                image.crcs().length == total
                        && image.data().remaining() == total << Blocks.BLOCK_SHIFT,
                "image is inconsistent",
                total);
        int part = 0;
        int from = 0;
        do {
            int to = Math.min(total, from + blocksMax);
            append(image, part++, from, to, to < total);
            from = to;
        } while (from < total);
    }

    private void append(ChunkImage image, int part, int from, int to, boolean more) {
        int[] unmapped = part == 0 ? image.unmapped() : new int[0];
        int count = to - from;
        List<ChunkImage.Reference> references = part == 0 ? image.references() : List.of();
        int referenceBytes = references.isEmpty() ? 0 : 4 + REFERENCE_BYTES * references.size();
        var extra = ByteBuffer.allocate(4 + 2 * (count + unmapped.length) + referenceBytes);
        extra.putInt(unmapped.length);
        for (int i = from; i < to; i++) {
            extra.putShort((short) image.blocks()[i]);
        }
        for (int block : unmapped) {
            extra.putShort((short) block);
        }
        if (!references.isEmpty()) {
            extra.putInt(references.size());
            for (ChunkImage.Reference shared : references) {
                extra.putLong(shared.chunk())
                        .putShort((short) shared.first())
                        .putShort((short) shared.count());
            }
        }
        extra.flip();
        int base =
                switch (image.base()) {
                    case NOTHING -> 0;
                    case PARENT -> RecordHeader.FROM_PARENT;
                    case HELD -> RecordHeader.FROM_HELD;
                };
        int flags =
                (more ? RecordHeader.MORE : 0)
                        | base
                        | (references.isEmpty() ? 0 : RecordHeader.REFERENCES);
        var header =
                new RecordHeader(
                        RecordKind.INSTALL,
                        flags,
                        ChunkId.group(image.chunk()),
                        image.version().epoch(),
                        image.version().sequence(),
                        image.chunk(),
                        image.parent(),
                        0,
                        part,
                        0,
                        count,
                        count,
                        extra.remaining());
        ByteBuffer data =
                image.data()
                        .slice(
                                image.data().position() + (from << Blocks.BLOCK_SHIFT),
                                count << Blocks.BLOCK_SHIFT);
        long location =
                log.append(
                        header,
                        Arrays.copyOfRange(image.crcs(), from, to),
                        extra.duplicate(),
                        data);
        applier.apply(header, extra, location);
    }
}
