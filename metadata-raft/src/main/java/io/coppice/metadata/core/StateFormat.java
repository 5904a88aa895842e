package io.coppice.metadata.core;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// What the two sides of a snapshot's bytes share.
///
/// ```text
/// "COPM" (int)  version (int)
/// scalars, map pages, chunk counts, purge lists, reap stack, records, outcomes
/// CRC32C of everything before (long)
/// ```
///
/// Numbers are big-endian; tables are a count and that many entries; pages of longs are
/// little-endian, as most machines hold them.
final class StateFormat {
    static final int MAGIC = 0x434F504D;

    /// 2: nodes may be draining, stores know since when they are down, stores may be removed. 3:
    /// fence tokens grow over all volumes, stores know since when they serve, groups what they
    /// lost. 4: volumes have terms, snapshots an end; projects, policies, the audit log. 5: volumes
    /// may have keys; quotas of own bytes, thresholds of divergence, what clones and projects hold;
    /// revoked certificates; principals and their rights; sessions know who opened them; access
    /// keys.
    static final int VERSION = 5;

    static final int OLDEST_VERSION = 1;

    /// Text in a snapshot was bounded when it came in.
    private static final int TEXT_BYTES_MAX = 1 << 20;

    private StateFormat() {}

    static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String text(DataInputStream in) throws IOException {
        int length = count(in, TEXT_BYTES_MAX);
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new IOException("the metadata snapshot ends too early");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// A count that damaged bytes must not turn into an endless read.
    static int count(DataInputStream in, int most) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > most) {
            throw new IOException("the metadata snapshot is damaged: a count of " + count);
        }
        return count;
    }

    static void labels(DataOutputStream out, Map<String, String> labels) throws IOException {
        out.writeInt(labels.size());
        for (var label : new TreeMap<>(labels).entrySet()) {
            text(out, label.getKey());
            text(out, label.getValue());
        }
    }

    static Map<String, String> labels(DataInputStream in) throws IOException {
        int count = count(in, 1 << 16);
        Map<String, String> labels = new HashMap<>();
        for (int i = 0; i < count; i++) {
            labels.put(text(in), text(in));
        }
        return Map.copyOf(labels);
    }

    static void longs(DataOutputStream out, long[] values) throws IOException {
        out.writeInt(values.length);
        rawLongs(out, values, values.length);
    }

    static long[] longs(DataInputStream in) throws IOException {
        return rawLongs(in, count(in, 1 << 28));
    }

    static void rawLongs(DataOutputStream out, long[] values, int count) throws IOException {
        byte[] bytes = new byte[Math.min(count, NodeSlab.PAGE_LONGS) * Long.BYTES];
        var view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        for (int done = 0; done < count; ) {
            int some = Math.min(count - done, NodeSlab.PAGE_LONGS);
            view.clear();
            view.put(values, done, some);
            out.write(bytes, 0, some * Long.BYTES);
            done += some;
        }
    }

    static long[] rawLongs(DataInputStream in, int count) throws IOException {
        long[] values = new long[Math.min(count, NodeSlab.PAGE_LONGS)];
        byte[] bytes = new byte[values.length * Long.BYTES];
        var view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        for (int done = 0; done < count; ) {
            int some = Math.min(count - done, NodeSlab.PAGE_LONGS);
            in.readFully(bytes, 0, some * Long.BYTES);
            if (done + some > values.length) {
                // Grows with what is really there, not with what damaged bytes claim.
                long most = Math.min(count, Math.max(values.length * 2L, done + some));
                values = java.util.Arrays.copyOf(values, (int) most);
            }
            view.clear();
            view.get(values, done, some);
            done += some;
        }
        return values;
    }
}
