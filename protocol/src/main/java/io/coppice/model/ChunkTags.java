package io.coppice.model;

import java.nio.ByteBuffer;

/// Keyed tags that prove to a storage node that the quorum has told a client of a chunk:
/// SipHash-2-4 over (chunk, owner, generation and purpose), 64 bits. A tag is made and checked in
/// some tens of nanoseconds, without an object. Thread-safe.
public final class ChunkTags {
    private static final long READ = 1;
    private static final long WRITE = 2;
    private static final long FRESH = 3;
    private static final int PURPOSE_BITS = 2;

    /// The last word of a message of 24 bytes.
    private static final long LENGTH_WORD = 24L << 56;

    private final long k0;
    private final long k1;

    public ChunkTags(AccessKey key) {
        this(ByteBuffer.wrap(key.derive("coppice chunk tags")));
    }

    private ChunkTags(ByteBuffer derived) {
        this(derived.getLong(), derived.getLong());
    }

    private ChunkTags(long k0, long k1) {
        this.k0 = k0;
        this.k1 = k1;
    }

    /// The chunk may be read, and derived from, by who has opened the volume.
    public long read(long volume, long chunk) {
        return sip(chunk, volume, READ);
    }

    /// The chunk belongs to this generation of the volume: while that is not sealed, it may be
    /// changed in place by who has opened the volume for writing.
    public long write(long volume, long generation, long chunk) {
        return sip(chunk, volume, generation << PURPOSE_BITS | WRITE);
    }

    /// The id is leased to the session: it may make the chunk.
    public long fresh(long session, long chunk) {
        return sip(chunk, session, FRESH);
    }

    private long sip(long m0, long m1, long m2) {
        return sip(k0, k1, m0, m1, m2);
    }

    /// SipHash-2-4 of three words, as its authors define it (Aumasson and Bernstein, 2012),
    /// unrolled over the words: no loop over bytes, no array.
    static long sip(long k0, long k1, long m0, long m1, long m2) {
        long v0 = k0 ^ 0x736f6d6570736575L;
        long v1 = k1 ^ 0x646f72616e646f6dL;
        long v2 = k0 ^ 0x6c7967656e657261L;
        long v3 = k1 ^ 0x7465646279746573L;
        for (int word = 0; word < 5; word++) {
            long m =
                    switch (word) {
                        case 0 -> m0;
                        case 1 -> m1;
                        case 2 -> m2;
                        case 3 -> LENGTH_WORD;
                        default -> 0;
                    };
            if (word == 4) {
                v2 ^= 0xff;
            }
            v3 ^= m;
            for (int round = word == 4 ? 0 : 2; round < 4; round++) {
                v0 += v1;
                v1 = Long.rotateLeft(v1, 13) ^ v0;
                v0 = Long.rotateLeft(v0, 32);
                v2 += v3;
                v3 = Long.rotateLeft(v3, 16) ^ v2;
                v0 += v3;
                v3 = Long.rotateLeft(v3, 21) ^ v0;
                v2 += v1;
                v1 = Long.rotateLeft(v1, 17) ^ v2;
                v2 = Long.rotateLeft(v2, 32);
            }
            v0 ^= m;
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
