package io.coppice.nbd.frame;

import io.coppice.model.Invariant;
import java.util.Arrays;

/// Descriptors of one context for one BLOCK_STATUS: extents go in, in order and without gaps;
/// neighbours with equal flags become one descriptor; nothing reaches beyond the asked range.
public final class StatusChunk {
    private final MetaContext context;
    private final int countMax;
    private long left;
    private long[] lengths = new long[16];
    private int[] flags = new int[16];
    private int count;

    public StatusChunk(MetaContext context, StatusQuery query) {
        this.context = context;
        this.countMax = query.one() ? 1 : Protocol.STATUS_DESCRIPTORS_MAX;
        this.left = query.length();
    }

    /// Adds the next extent. Once full it takes no more: the client asks again from there.
    public void add(long length, boolean mapped, boolean shared) {
        Invariant.check(length > 0, "empty extent", length);
        long taken = Math.min(length, left);
        if (taken == 0) {
            return;
        }
        int flag = context.flags(mapped, shared);
        if (count > 0 && flags[count - 1] == flag) {
            lengths[count - 1] += taken;
            left -= taken;
        } else if (count < countMax) {
            if (count == lengths.length) {
                lengths = Arrays.copyOf(lengths, 2 * count);
                flags = Arrays.copyOf(flags, 2 * count);
            }
            lengths[count] = taken;
            flags[count++] = flag;
            left -= taken;
        } else {
            left = 0;
        }
    }

    public MetaContext context() {
        return context;
    }

    public int count() {
        return count;
    }

    public long length(int index) {
        return lengths[index];
    }

    public int flags(int index) {
        return flags[index];
    }
}
