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
                public Payload kept() {
                    return this;
                }

                @Override
                public void retain() {}

                @Override
                public void release() {}
            };

    int bytes();

    /// The same data in memory of its own, for a long time: it does not hold on to whatever came
    /// with it. The caller releases it, too.
    Payload kept();

    void retain();

    void release();
}
