package io.coppice.metadata.core;

import java.util.Arrays;

/// References to map nodes that are to be given up, the next one last. Part of the state: a reap
/// goes on where it was after any restart. Depth first, so a map needs at most 64 entries per
/// level.
final class ReapStack {
    private int[] nodes;
    private int size;

    ReapStack() {
        this(new int[16], 0);
    }

    ReapStack(int[] nodes, int size) {
        this.nodes = nodes;
        this.size = size;
    }

    ReapStack freeze() {
        return new ReapStack(Arrays.copyOf(nodes, Math.max(16, size)), size);
    }

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    int get(int index) {
        return nodes[index];
    }

    void push(int node) {
        if (size == nodes.length) {
            nodes = Arrays.copyOf(nodes, size * 2);
        }
        nodes[size++] = node;
    }

    int pop() {
        return nodes[--size];
    }
}
