package io.coppice.node.lane;

import io.coppice.model.Position;
import io.coppice.node.replica.FetchedChunk;
import io.coppice.node.store.ChunkImage;
import io.netty.buffer.ByteBuf;

/// A chunk as it came from the primary, with the buffer that holds its blocks.
record FetchedImage(ChunkImage image, ByteBuf data) implements FetchedChunk {
    @Override
    public Position version() {
        return image.version();
    }

    @Override
    public boolean isDifference() {
        return image.base() == ChunkImage.Base.PARENT;
    }

    @Override
    public void release() {
        data.release();
    }
}
