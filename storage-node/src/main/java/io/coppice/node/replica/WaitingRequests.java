package io.coppice.node.replica;

import java.util.ArrayDeque;

/// Changes that cannot be numbered yet, in the order they came; bounded (R12).
final class WaitingRequests {
    private record Waiting(Ticket ticket, Change change, Origin origin) {}

    /// Takes one request and its payload over.
    interface Taker {
        void take(Ticket ticket, Change change, Origin origin);
    }

    private final ArrayDeque<Waiting> requests = new ArrayDeque<>();
    private final int requestsMax;
    private final long bytesMax;
    private long bytes;

    WaitingRequests(ReplicaLimits limits) {
        requestsMax = limits.waitingRequests();
        bytesMax = limits.waitingBytes();
    }

    boolean isEmpty() {
        return requests.isEmpty();
    }

    void add(Ticket ticket, Change change, Origin origin, Effects effects) {
        int more = change.payload().bytes();
        if (requests.size() >= requestsMax || bytes + more > bytesMax) {
            change.payload().release();
            effects.answer(ticket, Outcome.OVERLOADED);
            return;
        }
        bytes += more;
        requests.add(new Waiting(ticket, change, origin));
    }

    void takeFirst(Taker taker) {
        Waiting first = requests.removeFirst();
        bytes -= first.change().payload().bytes();
        taker.take(first.ticket(), first.change(), first.origin());
    }

    void refuseAll(Effects effects, Outcome why) {
        while (!requests.isEmpty()) {
            takeFirst((ticket, change, origin) -> {
                change.payload().release();
                effects.answer(ticket, why);
            });
        }
    }

    /// Those of a volume that was sealed or fenced learn it at once.
    void refuseBarred(VolumeBarriers barriers, Effects effects) {
        requests.removeIf(waiting -> {
            Outcome allowed = barriers.check(waiting.origin());
            if (allowed == Outcome.OK) {
                return false;
            }
            bytes -= waiting.change().payload().bytes();
            waiting.change().payload().release();
            effects.answer(waiting.ticket(), allowed);
            return true;
        });
    }
}
