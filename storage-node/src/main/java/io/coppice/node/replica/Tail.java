package io.coppice.node.replica;

import io.coppice.model.Invariant;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The newest operations of the group, without gaps: those that some serving replica may still
/// lack. They are kept with their data, so that they can be sent again, also by a new primary (R6).
final class Tail {
    private final ArrayDeque<Operation> operations = new ArrayDeque<>();
    private long bytes;

    /// Keeps the operation's payload until it is trimmed.
    void add(Operation operation) {
        Operation last = operations.peekLast();
        Invariant.check(
                last == null || last.sequence() + 1 == operation.sequence(),
                "the tail has no gaps");
        operation.change().payload().retain();
        operations.add(operation);
        bytes += operation.bytes();
    }

    /// Lets go of everything up to `sequence`.
    void trim(long sequence) {
        Operation first;
        while ((first = operations.peekFirst()) != null && first.sequence() <= sequence) {
            operations.removeFirst();
            bytes -= first.bytes();
            first.change().payload().release();
        }
    }

    void clear() {
        trim(Long.MAX_VALUE);
    }

    int size() {
        return operations.size();
    }

    long bytes() {
        return bytes;
    }

    /// Whether every operation from `sequence` up to `last` is here.
    boolean reachesBackTo(long sequence, long last) {
        Operation first = operations.peekFirst();
        return first == null ? sequence > last : first.sequence() <= sequence;
    }

    @Nullable Operation find(long sequence) {
        Operation first = operations.peekFirst();
        if (first == null
                || sequence < first.sequence()
                || sequence >= first.sequence() + operations.size()) {
            return null;
        }
        for (Operation operation : operations) {
            if (operation.sequence() == sequence) {
                return operation;
            }
        }
        return null;
    }

    @Nullable Operation findRequest(long session, long requestSequence) {
        for (Operation operation : operations) {
            if (operation.isRequest(session, requestSequence)) {
                return operation;
            }
        }
        return null;
    }

    /// From `sequence` on, in order.
    void forEachFrom(long sequence, Consumer<Operation> each) {
        for (Operation operation : operations) {
            if (operation.sequence() >= sequence) {
                each.accept(operation);
            }
        }
    }
}
