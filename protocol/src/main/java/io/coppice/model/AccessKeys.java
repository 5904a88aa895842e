package io.coppice.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The access keys that are in force: the *present* one, which signs; the one before it, so that
/// what it has signed is good until the next change; and the *next* one, which everybody knows
/// before it signs anything. Immutable; thread-safe.
public final class AccessKeys {
    /// Past, present and next.
    public static final int COUNT_MAX = 3;

    /// Nothing is signed and nothing checked.
    public static final AccessKeys NONE = new AccessKeys(List.of());

    private final List<AccessKey> keys;

    /// Present, past, next: in the order of how often they are met. Empty: there is no present one.
    private final ChunkTags[] tags;

    /// @param capability null: `problem` says why there is none
    /// @param key the number of the one that it is signed with
    public record Verdict(@Nullable Capability capability, int key, String problem) {
        private static Verdict none(String problem) {
            return new Verdict(null, 0, problem);
        }
    }

    private AccessKeys(List<AccessKey> keys) {
        this.keys = List.copyOf(keys);
        var order = new ArrayList<ChunkTags>();
        if (keys.size() > 1) {
            order.add(new ChunkTags(present()));
            if (keys.size() > 2) {
                order.add(new ChunkTags(keys.getFirst()));
            }
            order.add(new ChunkTags(keys.getLast()));
        }
        tags = order.toArray(ChunkTags[]::new);
    }

    /// @param keys by ascending number
    public static AccessKeys of(List<AccessKey> keys) {
        Invariant.check(keys.size() <= COUNT_MAX, "too many access keys", keys.size());
        return keys.isEmpty() ? NONE : new AccessKeys(keys);
    }

    /// By ascending number.
    public List<AccessKey> all() {
        return keys;
    }

    /// With a newer one: each of the others moves on, and the past one goes.
    public AccessKeys with(AccessKey next) {
        var more = new ArrayList<>(keys);
        more.add(next);
        return of(more.subList(Math.max(0, more.size() - COUNT_MAX), more.size()));
    }

    /// Whether there is a present key.
    public boolean isOn() {
        return tags.length > 0;
    }

    /// Number of the newest; 0: there is none.
    public int newest() {
        return keys.isEmpty() ? 0 : keys.getLast().number();
    }

    private AccessKey present() {
        return keys.get(keys.size() - 2);
    }

    // ------------------------------------------------------------ to sign

    /// Of the present key.
    public ChunkTags tags() {
        return tags[0];
    }

    public byte[] sign(Capability capability) {
        return capability.signed(present());
    }

    // ------------------------------------------------------------ to check

    public boolean isRead(long volume, long chunk, long tag) {
        for (ChunkTags each : tags) {
            if (each.read(volume, chunk) == tag) {
                return true;
            }
        }
        return false;
    }

    public boolean isWrite(long volume, long generation, long chunk, long tag) {
        for (ChunkTags each : tags) {
            if (each.write(volume, generation, chunk) == tag) {
                return true;
            }
        }
        return false;
    }

    public boolean isFresh(long session, long chunk, long tag) {
        for (ChunkTags each : tags) {
            if (each.fresh(session, chunk) == tag) {
                return true;
            }
        }
        return false;
    }

    /// Whether the key is in force.
    public boolean has(int number) {
        return number <= newest() && number > newest() - keys.size();
    }

    /// What `bytes` allow at this moment.
    public Verdict open(byte[] bytes, long wallMillis) {
        int number = Capability.keyOf(bytes);
        if (number == 0) {
            return Verdict.none("this is no capability");
        }
        for (AccessKey key : keys) {
            if (key.number() == number) {
                Capability found = Capability.verified(bytes, key);
                if (found == null) {
                    return Verdict.none("the capability is forged or damaged");
                }
                return found.isOver(wallMillis)
                        ? Verdict.none(
                                "the capability ended "
                                        + (wallMillis - found.untilMillis()) / 1_000
                                        + " s ago by this node's clock")
                        : new Verdict(found, number, "");
            }
        }
        return Verdict.none("the capability is signed with a key that is not in force");
    }
}
