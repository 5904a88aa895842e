package io.coppice.client;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// How much of a device is under way, and who waits for room (R12). On the event loop.
final class Admission {
    private final int operationsMax;
    private final long bytesMax;
    private final int queueMax;
    private final ArrayDeque<Request> queue = new ArrayDeque<>();
    private int operations;
    private long bytes;

    Admission(ClientConfig config) {
        operationsMax = config.inFlightOperations();
        bytesMax = config.inFlightBytes();
        queueMax = config.queuedRequests();
    }

    /// Nobody waits, and one more piece of `length` bytes may start.
    boolean isFree(int length) {
        return queue.isEmpty() && hasRoom() && bytes + length <= bytesMax;
    }

    boolean hasRoom() {
        return operations < operationsMax && bytes < bytesMax;
    }

    void enter(DataOp op) {
        operations++;
        bytes += op.length();
    }

    void leave(DataOp op) {
        operations--;
        bytes -= op.length();
    }

    /// False: the queue is full.
    boolean queue(Request request) {
        return queue.size() < queueMax && queue.add(request);
    }

    @Nullable Request head() {
        return queue.peek();
    }

    void removeHead() {
        queue.remove();
    }

    /// One piece is under way, and nobody waits.
    boolean isAlone() {
        return operations == 1 && queue.isEmpty();
    }

    boolean isIdle() {
        return operations == 0 && queue.isEmpty();
    }
}
