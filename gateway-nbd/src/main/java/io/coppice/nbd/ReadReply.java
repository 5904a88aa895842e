package io.coppice.nbd;

import io.netty.buffer.ByteBuf;

/// Takes what a read found: data and holes in ascending order that together cover exactly the
/// range, then [#done()]. A read that fails may have told a part before.
interface ReadReply extends Completion {
    /// The next bytes; the reply takes the buffer over.
    void data(ByteBuf bytes);

    /// The next `length` bytes are zeros.
    void hole(int length);
}
