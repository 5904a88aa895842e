package io.coppice.metadata.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// A map of immutable values in many small sorted maps, each copied on its own when it changes
/// while a capture shares it. Its content alone decides its order, never its history.
final class ShardedMap<K extends Comparable<K>, V> {
    private final CaptureGate gate;
    private final ToIntFunction<? super K> hash;
    private final List<TreeMap<K, V>> shards;
    private final long[] stamps;
    private int size;

    /// `hash`: keys that are listed together have the same one.
    ShardedMap(CaptureGate gate, int shardCount, ToIntFunction<? super K> hash) {
        this.gate = gate;
        this.hash = hash;
        this.shards = new ArrayList<>(shardCount);
        for (int i = 0; i < shardCount; i++) {
            shards.add(new TreeMap<>());
        }
        this.stamps = new long[shardCount];
        Arrays.fill(stamps, gate.stamp());
    }

    private ShardedMap(ShardedMap<K, V> live) {
        this.gate = live.gate;
        this.hash = live.hash;
        this.shards = new ArrayList<>(live.shards);
        this.stamps = live.stamps;
        this.size = live.size;
    }

    ShardedMap<K, V> freeze() {
        return new ShardedMap<>(this);
    }

    int size() {
        return size;
    }

    @Nullable V get(K key) {
        return shards.get(indexOf(key)).get(key);
    }

    boolean contains(K key) {
        return shards.get(indexOf(key)).containsKey(key);
    }

    void put(K key, V value) {
        if (writable(key).put(key, value) == null) {
            size++;
        }
    }

    @Nullable V remove(K key) {
        if (!contains(key)) {
            return null;
        }
        size--;
        return writable(key).remove(key);
    }

    /// The sorted map that holds `key` and all keys of the same hash; only for reading.
    NavigableMap<K, V> shardOf(K key) {
        return shards.get(indexOf(key));
    }

    /// Values in the order of their keys.
    List<V> values() {
        var entries = new ArrayList<Map.Entry<K, V>>(size);
        for (TreeMap<K, V> shard : shards) {
            entries.addAll(shard.entrySet());
        }
        entries.sort(Map.Entry.comparingByKey());
        var values = new ArrayList<V>(entries.size());
        for (Map.Entry<K, V> entry : entries) {
            values.add(entry.getValue());
        }
        return values;
    }

    /// Values, in an order of no meaning that is the same everywhere.
    void forEach(BiConsumer<? super K, ? super V> each) {
        for (TreeMap<K, V> shard : shards) {
            shard.forEach(each);
        }
    }

    Collection<K> keys() {
        var keys = new ArrayList<K>(size);
        for (TreeMap<K, V> shard : shards) {
            keys.addAll(shard.keySet());
        }
        keys.sort(Comparator.naturalOrder());
        return keys;
    }

    int shardCount() {
        return shards.size();
    }

    /// Values of one shard, in the order of their keys. The caller may change the map meanwhile.
    List<V> valuesOf(int shard) {
        return List.copyOf(shards.get(shard).values());
    }

    @Nullable K firstKey() {
        K first = null;
        for (TreeMap<K, V> shard : shards) {
            if (!shard.isEmpty() && (first == null || shard.firstKey().compareTo(first) < 0)) {
                first = shard.firstKey();
            }
        }
        return first;
    }

    private TreeMap<K, V> writable(K key) {
        int index = indexOf(key);
        TreeMap<K, V> shard = shards.get(index);
        if (gate.isShared(stamps[index])) {
            shard = new TreeMap<>(shard);
            shards.set(index, shard);
            stamps[index] = gate.stamp();
        }
        return shard;
    }

    private int indexOf(K key) {
        return Math.floorMod(Long.hashCode(ChunkCounts.mix(hash.applyAsInt(key))), stamps.length);
    }
}
