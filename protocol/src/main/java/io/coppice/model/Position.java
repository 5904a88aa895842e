package io.coppice.model;

/// A place in a group's order: the epoch of the primary that numbered the operation, and its
/// number. Sequence numbers go on growing across epochs, so positions of one history compare by
/// both.
public record Position(long epoch, long sequence) implements Comparable<Position> {
    public static final Position NONE = new Position(0, 0);

    @Override
    public int compareTo(Position other) {
        int byEpoch = Long.compare(epoch, other.epoch);
        return byEpoch != 0 ? byEpoch : Long.compare(sequence, other.sequence);
    }

    @Override
    public String toString() {
        return epoch + ":" + sequence;
    }
}
