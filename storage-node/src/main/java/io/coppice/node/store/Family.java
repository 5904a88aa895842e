package io.coppice.node.store;

/// Chunks of this store that come from one another by deriving. When one is left, nothing it holds
/// is shared, whatever marks its tables carry.
final class Family {
    int members;

    /// Number given by the checkpoint writer, and touched by nobody else.
    long saved = -1;
}
