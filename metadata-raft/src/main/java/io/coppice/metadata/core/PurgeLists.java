package io.coppice.metadata.core;

import io.coppice.model.ChunkId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The purge list of every group that has one, by group number.
final class PurgeLists {
    private final CaptureGate gate;
    private @Nullable PurgeList[] lists;

    PurgeLists(CaptureGate gate) {
        this(gate, new @Nullable PurgeList[0]);
    }

    private PurgeLists(CaptureGate gate, @Nullable PurgeList[] lists) {
        this.gate = gate;
        this.lists = lists;
    }

    PurgeLists freeze() {
        // A frozen list is read while its tail array grows; what it reads was written before.
        var frozen = new @Nullable PurgeList[lists.length];
        for (int i = 0; i < lists.length; i++) {
            frozen[i] = lists[i];
        }
        return new PurgeLists(gate, frozen);
    }

    void add(long chunk) {
        writable(ChunkId.group(chunk)).add(chunk);
    }

    void removeAll(int group, List<Long> chunks) {
        if (size(group) > 0) {
            PurgeList list = writable(group);
            list.removeAll(chunks);
            if (list.size() == 0) {
                lists[group] = null;
            }
        }
    }

    private PurgeList writable(int group) {
        if (group >= lists.length) {
            lists = Arrays.copyOf(lists, Math.max(group + 1, lists.length * 2));
        }
        PurgeList list = lists[group];
        if (list == null) {
            list = new PurgeList(gate.stamp());
            lists[group] = list;
        } else if (gate.isShared(list.stamp)) {
            list = list.copy(gate.stamp());
            lists[group] = list;
        }
        return list;
    }

    long size(int group) {
        PurgeList list = group < lists.length ? lists[group] : null;
        return list == null ? 0 : list.size();
    }

    long[] first(int group, int limit) {
        PurgeList list = group < lists.length ? lists[group] : null;
        return list == null || limit <= 0 ? new long[0] : list.first(limit);
    }

    List<Integer> groups() {
        var groups = new ArrayList<Integer>();
        for (int i = 0; i < lists.length; i++) {
            if (lists[i] != null) {
                groups.add(i);
            }
        }
        return groups;
    }
}
