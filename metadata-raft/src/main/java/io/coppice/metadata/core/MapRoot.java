package io.coppice.metadata.core;

/// A chunk map: the number of its top node and how many levels it has; it covers 64^height slots.
/// Beyond those, and in a map of height 0, nothing is mapped.
public record MapRoot(int node, int height) {
    public static final MapRoot EMPTY = new MapRoot(0, 0);

    public boolean isEmpty() {
        return height == 0;
    }
}
