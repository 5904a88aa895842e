package io.coppice.node.replica;

/// A replica's wish to leave service: said to the quorum again and again until the epoch is over.
final class Leaving {
    private long epoch;
    private String why = "";
    private int ticks;

    /// False: it has begun already.
    boolean begin(long present, String reason) {
        if (epoch == present) {
            return false;
        }
        epoch = present;
        why = reason;
        ticks = 0;
        return true;
    }

    /// One tick in epoch `present`; true: the quorum may not have heard it.
    boolean isDue(long present, int everyTicks) {
        if (epoch == 0 || epoch != present || ++ticks < everyTicks) {
            return false;
        }
        ticks = 0;
        return true;
    }

    String why() {
        return why;
    }
}
