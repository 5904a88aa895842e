package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.wire.Checksums;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// What stands for the data of a block that is damaged: where it is read, moved by the cleaner, or
/// sent to a replica that catches up. It goes along with the checksum that the block should have,
/// which it does not match: so the block stays damaged, whoever has a good copy can mend it, and a
/// recovery does not take it for a write that a power failure tore. Threads: any.
final class LostBlock {
    private static final byte[] WORD =
            "\u0000Coppice: lost\u0000\n".getBytes(StandardCharsets.US_ASCII);

    private static final ByteBuffer DATA = data();

    /// Stands for a checksum that is lost. [LostBlock]'s data never matches it, so it can also be
    /// stored; a block that has it by chance (one in four thousand million) is only mended by a
    /// stricter rule than it needs.
    static final int UNKNOWN_CRC = ~Checksums.crc32c(DATA.duplicate());

    private LostBlock() {}

    private static ByteBuffer data() {
        ByteBuffer data = ByteBuffer.allocateDirect(Blocks.BLOCK_BYTES);
        while (data.hasRemaining()) {
            data.put(WORD);
        }
        return data.flip().asReadOnlyBuffer();
    }

    static void put(ByteBuffer target, int at) {
        target.put(at, DATA, 0, Blocks.BLOCK_BYTES);
    }

    /// Whether this is what stands for a damaged block. Only worth asking of data that does not
    /// match its checksum: a user may have written the same.
    static boolean isAt(ByteBuffer bytes, int at) {
        return bytes.slice(at, Blocks.BLOCK_BYTES).equals(DATA);
    }
}
