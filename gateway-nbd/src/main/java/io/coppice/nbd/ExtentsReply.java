package io.coppice.nbd;

/// Takes extents in ascending order, without gaps, from the start of the range; then [#done()]. The
/// last may end before the range's end when there are more than were asked for.
interface ExtentsReply extends Completion {
    /// @param shared whether another volume or snapshot still maps the same chunk
    void extent(long length, boolean mapped, boolean shared);
}
