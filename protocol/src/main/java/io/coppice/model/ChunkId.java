package io.coppice.model;

/// Names a chunk for ever and says where it lives: the group in the upper 20 bits, a never reused
/// sequence number in the lower 44. The value 0 means "no chunk" on the wire; it is no ChunkId.
public record ChunkId(long value) implements Comparable<ChunkId> {
    public static final int GROUP_BITS = 20;
    public static final int SEQUENCE_BITS = 44;
    public static final long SEQUENCE_MAX = (1L << SEQUENCE_BITS) - 1;
    public static final int GROUP_MAX = (1 << GROUP_BITS) - 1;

    public ChunkId {
        Invariant.check(value != 0, "a chunk id is never 0");
    }

    /// Sequence numbers start at 1, so no id is 0.
    public static ChunkId of(int group, long sequence) {
        Invariant.check(group >= 0 && group <= GROUP_MAX, "group out of range", group);
        Invariant.check(
                sequence > 0 && sequence <= SEQUENCE_MAX, "sequence out of range", sequence);
        return new ChunkId(((long) group << SEQUENCE_BITS) | sequence);
    }

    public int group() {
        return group(value);
    }

    public long sequence() {
        return value & SEQUENCE_MAX;
    }

    /// The group of a raw id, for maps that hold millions of them as longs.
    public static int group(long value) {
        return (int) (value >>> SEQUENCE_BITS);
    }

    @Override
    public int compareTo(ChunkId other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return group() + "." + sequence();
    }
}
