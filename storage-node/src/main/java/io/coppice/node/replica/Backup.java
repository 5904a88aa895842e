package io.coppice.node.replica;

import io.coppice.port.Marks;

/// A serving replica that is not the first: appends what the primary sends, in order and without
/// gaps (R3), and says how far it has come.
final class Backup implements Role {
    private final GroupReplica replica;
    private boolean acknowledgeDue;
    private boolean syncDue;

    /// The newest epoch in which the primary has said that it finished whatever an earlier one
    /// left. Not just ever: between two views that came here another one may have led.
    private long settledEpoch;

    /// Something waits for a sync; the acknowledgement that follows it says that it is appended,
    /// too.
    private boolean awaitsSync;

    /// What the primary believes of the room here: unless it is OK it sends no data.
    private Outcome toldRoom = Outcome.OK;

    Backup(GroupReplica replica) {
        this.replica = replica;
    }

    @Override
    public String name() {
        return "backup";
    }

    @Override
    public void end(Outcome why) {}

    @Override
    public void refuse(Ticket ticket) {
        replica.effects().answer(ticket, Outcome.NOT_PRIMARY);
    }

    /// A sealed chunk is the same on every serving replica: whatever was accepted before the seal
    /// is finished on all of them (R8), or is finished by a new primary before it says that
    /// anything is committed. Its last change must be acknowledged as far as is known here (R4);
    /// what is not is asked of the primary.
    @Override
    public void read(Ticket ticket, long chunk, int block, int blockCount, boolean sealed) {
        ChunkIndex index = replica.index();
        if (sealed
                && settledEpoch == replica.epoch()
                && replica.mayShowWhatItHolds()
                && index.exists(chunk)
                && index.version(chunk).sequence() <= replica.committed()) {
            Marks.hit("a backup answered a read of a sealed chunk");
            replica.effects().serveRead(ticket);
        } else {
            refuse(ticket);
        }
    }

    @Override
    public void replicated(Operation operation, long committed) {
        long expected = replica.last() + 1;
        if (operation.sequence() > expected) {
            replica.acknowledge(Outcome.NOT_SERVING); // something was lost on the way: send again
        } else if (operation.sequence() < expected) {
            acknowledgeDue = true; // sent again, but it had come
        } else {
            replica.record(operation);
            boolean sync = replica.mustSync(operation);
            syncDue |= sync;
            acknowledgeDue |= !sync;
        }
        operation.change().payload().release();
        learn(committed);
    }

    @Override
    public void committed(long committed, boolean sync) {
        learn(committed);
        if (sync) {
            replica.effects().sync();
        }
    }

    private void learn(long committed) {
        if (committed > 0) {
            settledEpoch = replica.epoch();
        }
        replica.commitUpTo(committed);
    }

    @Override
    public void appended() {
        if (acknowledgeDue) {
            acknowledgeDue = false;
            acknowledge();
        }
        if (syncDue) {
            syncDue = false;
            awaitsSync = true;
            replica.effects().sync();
        }
    }

    @Override
    public void synced() {
        acknowledge();
    }

    /// Nothing else would tell the primary that there is room again, or that a slow disk has at
    /// least taken what it is to sync.
    @Override
    public void tick() {
        boolean roomChanged = toldRoom != Outcome.OK && replica.index().room(false) != toldRoom;
        if (roomChanged || awaitsSync) {
            acknowledge();
        }
    }

    /// What was said over the link may be lost with it.
    @Override
    public void linkDown(int store) {
        if (store == replica.view().primary()) {
            acknowledge();
        }
    }

    private void acknowledge() {
        awaitsSync = false;
        toldRoom = replica.index().room(false);
        replica.acknowledgeInOrder();
    }
}
