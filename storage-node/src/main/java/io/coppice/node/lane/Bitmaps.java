package io.coppice.node.lane;

import com.google.protobuf.ByteString;
import java.util.BitSet;

/// The wire's bitmaps: bit i is bit i % 8 of byte i / 8.
final class Bitmaps {
    private Bitmaps() {}

    static ByteString encode(BitSet bits) {
        return ByteString.copyFrom(bits.toByteArray());
    }

    static BitSet decode(ByteString bytes) {
        return BitSet.valueOf(bytes.toByteArray());
    }

    static int[] indexes(BitSet bits, int offset) {
        return bits.stream().map(bit -> bit + offset).toArray();
    }
}
