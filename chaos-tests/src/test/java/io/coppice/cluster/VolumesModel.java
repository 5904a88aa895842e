package io.coppice.cluster;

import java.util.Arrays;
import java.util.TreeMap;

/// What the cluster must behave like: volumes and snapshots are plain byte arrays, copied whole.
final class VolumesModel {
    final TreeMap<String, byte[]> volumes = new TreeMap<>();

    /// Keyed `volume@snapshot`; dies with its volume.
    final TreeMap<String, byte[]> snapshots = new TreeMap<>();

    void create(String name, int size) {
        volumes.put(name, new byte[size]);
    }

    void write(String name, int offset, byte[] data) {
        System.arraycopy(data, 0, bytes(name), offset, data.length);
    }

    void zero(String name, int offset, int length) {
        Arrays.fill(bytes(name), offset, offset + length, (byte) 0);
    }

    void resize(String name, int size) {
        volumes.put(name, Arrays.copyOf(bytes(name), size));
    }

    void snapshot(String name, String snapshot) {
        snapshots.put(name + "@" + snapshot, bytes(name).clone());
    }

    void cloneOf(String source, String name) {
        volumes.put(name, (source.contains("@") ? frozen(source) : bytes(source)).clone());
    }

    void rollback(String snapshot) {
        volumes.put(snapshot.substring(0, snapshot.indexOf('@')), frozen(snapshot).clone());
    }

    void delete(String name) {
        volumes.remove(name);
        snapshots.keySet().removeIf(snapshot -> snapshot.startsWith(name + "@"));
    }

    void rename(String from, String to) {
        volumes.put(to, bytes(from));
        volumes.remove(from);
        for (String snapshot : snapshots.keySet().toArray(String[]::new)) {
            if (snapshot.startsWith(from + "@")) {
                byte[] frozen = frozen(snapshot);
                snapshots.remove(snapshot);
                snapshots.put(to + snapshot.substring(from.length()), frozen);
            }
        }
    }

    byte[] bytes(String name) {
        byte[] found = volumes.get(name);
        if (found == null) {
            throw new AssertionError("the model has no volume " + name);
        }
        return found;
    }

    byte[] frozen(String snapshot) {
        byte[] found = snapshots.get(snapshot);
        if (found == null) {
            throw new AssertionError("the model has no snapshot " + snapshot);
        }
        return found;
    }
}
