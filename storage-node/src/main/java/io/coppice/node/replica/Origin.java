package io.coppice.node.replica;

/// On whose behalf an operation is done.
///
/// @param volume 0: nobody's, the operation is the group's own
/// @param generation the volume's generation in which the caller writes
/// @param fence token of the caller's attachment
/// @param session with `sequence`, names the request across retries; 0: not remembered
/// @param fua durable on every serving replica before the answer
public record Origin(
        long volume, long generation, long fence, long session, long sequence, boolean fua) {
    static final Origin GROUP = new Origin(0, 0, 0, 0, 0, false);
}
