package io.coppice.node.replica;

/// Whom to answer; opaque to this room. Every ticket handed in is answered, or served, exactly
/// once.
public interface Ticket {}
