package io.coppice.node.replica;

/// No view, or a view in which this replica does not count.
final class NotServing implements Role {
    private final GroupReplica replica;

    NotServing(GroupReplica replica) {
        this.replica = replica;
    }

    @Override
    public String name() {
        return "not-serving";
    }

    @Override
    public void end(Outcome why) {}

    @Override
    public void refuse(Ticket ticket) {
        replica.effects().answer(ticket, Outcome.NOT_PRIMARY);
    }
}
