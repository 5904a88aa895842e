package io.coppice.node.replica;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A hash table from non-zero longs to objects without boxing: open addressing, linear probing,
/// removal by shifting back. Not thread-safe.
final class LongTable<V> {
    private long[] keys = new long[16];
    private @Nullable Object[] values = new Object[16];
    private int size;

    int size() {
        return size;
    }

    @SuppressWarnings("unchecked") // only put() stores values
    @Nullable V get(long key) {
        int mask = keys.length - 1;
        for (int i = slot(key, mask); keys[i] != 0; i = (i + 1) & mask) {
            if (keys[i] == key) {
                return (V) values[i];
            }
        }
        return null;
    }

    void put(long key, V value) {
        if (size * 2 >= keys.length) {
            grow();
        }
        int mask = keys.length - 1;
        int i = slot(key, mask);
        while (keys[i] != 0) {
            if (keys[i] == key) {
                values[i] = value;
                return;
            }
            i = (i + 1) & mask;
        }
        keys[i] = key;
        values[i] = value;
        size++;
    }

    void remove(long key) {
        int mask = keys.length - 1;
        int i = slot(key, mask);
        while (keys[i] != key) {
            if (keys[i] == 0) {
                return;
            }
            i = (i + 1) & mask;
        }
        size--;
        int hole = i;
        for (int next = (hole + 1) & mask; keys[next] != 0; next = (next + 1) & mask) {
            int home = slot(keys[next], mask);
            boolean mayMove = ((next - home) & mask) >= ((next - hole) & mask);
            if (mayMove) {
                keys[hole] = keys[next];
                values[hole] = values[next];
                hole = next;
            }
        }
        keys[hole] = 0;
        values[hole] = null;
    }

    void clear() {
        keys = new long[16];
        values = new Object[16];
        size = 0;
    }

    long[] keys() {
        var found = new long[size];
        int count = 0;
        for (long key : keys) {
            if (key != 0) {
                found[count++] = key;
            }
        }
        return found;
    }

    @SuppressWarnings("unchecked") // only put() stores values
    void forEach(Consumer<V> each) {
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0) {
                each.accept((V) java.util.Objects.requireNonNull(values[i]));
            }
        }
    }

    private void grow() {
        long[] oldKeys = keys;
        @Nullable Object[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new Object[oldKeys.length * 2];
        int mask = keys.length - 1;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int to = slot(oldKeys[i], mask);
                while (keys[to] != 0) {
                    to = (to + 1) & mask;
                }
                keys[to] = oldKeys[i];
                values[to] = oldValues[i];
            }
        }
    }

    private static int slot(long key, int mask) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        return (int) (mixed ^ (mixed >>> 32)) & mask;
    }
}
