package io.coppice.node.replica;

import org.jspecify.annotations.Nullable;

/// What a replica is to its group in the present epoch. Each role answers every event; the ones
/// that make no sense in a role have the refusals below.
sealed interface Role permits NotServing, Syncing, Backup, Primary {
    /// For people: the role in one word.
    String name();

    /// Everything that waits for this role's answer gets it; the role is not called again.
    void end(Outcome why);

    // ---- clients

    default void write(Ticket ticket, Change change, Origin origin) {
        change.payload().release();
        refuse(ticket);
    }

    default void read(Ticket ticket, long chunk, int block, int blockCount, boolean sealed) {
        refuse(ticket);
    }

    void refuse(Ticket ticket);

    /// True when nothing of the volume is under way; else `barrierPassed` follows.
    default boolean barrier(long barrier, long volume) {
        return true;
    }

    default void purge(long[] chunks) {}

    // ---- own store

    default void appended() {}

    default void synced() {}

    default void tick() {}

    // ---- from the primary

    /// An operation of the present epoch; the role takes the payload over.
    default void replicated(Operation operation, long committed) {
        operation.change().payload().release();
    }

    default void committed(long committed, boolean sync) {}

    default void tailReceived(int store, long last, @Nullable Operation next) {
        if (next != null) {
            next.change().payload().release();
        }
    }

    default void tailFailed(int store) {}

    // ---- from members

    default void acknowledged(int store, Ack ack) {}

    default void linkUp(int store) {}

    default void linkDown(int store) {}
}
