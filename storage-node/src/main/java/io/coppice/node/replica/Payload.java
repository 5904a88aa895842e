package io.coppice.node.replica;

/// The data of an operation, never opened in this room. Counted: who keeps it beyond a call retains
/// it.
public interface Payload {
    /// No data: zeroing and purging.
    Payload NONE =
            new Payload() {
                @Override
                public int bytes() {
                    return 0;
                }

                @Override
                public void retain() {}

                @Override
                public void release() {}
            };

    int bytes();

    void retain();

    void release();
}
