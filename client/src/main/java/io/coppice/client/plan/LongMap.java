package io.coppice.client.plan;

import io.coppice.model.Invariant;
import org.jspecify.annotations.Nullable;

/// A small hash map from long to object without boxing: open addressing, linear probing, deletion
/// by shifting back.
final class LongMap<V> {
    private static final int CAPACITY_MIN = 16;

    private long[] keys = new long[CAPACITY_MIN];
    private @Nullable Object[] values = new @Nullable Object[CAPACITY_MIN];
    private int size;

    int size() {
        return size;
    }

    @SuppressWarnings("unchecked")
    @Nullable V get(long key) {
        for (int at = home(key); values[at] != null; at = next(at)) {
            if (keys[at] == key) {
                return (V) values[at];
            }
        }
        return null;
    }

    /// The key must be absent.
    void add(long key, V value) {
        if ((size + 1) * 2 > keys.length) {
            grow();
        }
        int at = home(key);
        while (values[at] != null) {
            Invariant.check(keys[at] != key, "key is present already", key);
            at = next(at);
        }
        keys[at] = key;
        values[at] = value;
        size++;
    }

    void remove(long key) {
        int at = home(key);
        while (values[at] != null && keys[at] != key) {
            at = next(at);
        }
        if (values[at] == null) {
            return;
        }
        size--;
        int hole = at;
        for (int probe = next(hole); values[probe] != null; probe = next(probe)) {
            int wanted = home(keys[probe]);
            boolean stays =
                    hole <= probe
                            ? wanted > hole && wanted <= probe
                            : wanted > hole || wanted <= probe;
            if (!stays) {
                keys[hole] = keys[probe];
                values[hole] = values[probe];
                hole = probe;
            }
        }
        values[hole] = null;
    }

    private void grow() {
        long[] oldKeys = keys;
        @Nullable Object[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new @Nullable Object[oldKeys.length * 2];
        for (int i = 0; i < oldKeys.length; i++) {
            Object value = oldValues[i];
            if (value != null) {
                int at = home(oldKeys[i]);
                while (values[at] != null) {
                    at = next(at);
                }
                keys[at] = oldKeys[i];
                values[at] = value;
            }
        }
    }

    private int home(long key) {
        return (int) ((key * 0x9E3779B97F4A7C15L) >>> 40) & (keys.length - 1);
    }

    private int next(int at) {
        return (at + 1) & (keys.length - 1);
    }
}
