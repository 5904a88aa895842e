package io.coppice.node.store;

/// Receives remembered requests of a group, oldest first (R13).
@FunctionalInterface
public interface OutcomeVisitor {
    void outcome(long session, long sequence, long groupSequence);
}
