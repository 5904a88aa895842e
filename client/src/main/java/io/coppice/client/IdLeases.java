package io.coppice.client;

import io.coppice.client.plan.FreshChunk;
import io.coppice.model.ChunkId;
import io.coppice.wire.pb.ChunkIdRange;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.LeaseChunkIds;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayDeque;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Chunk ids at hand, by group: leased from the quorum in ranges, ahead of need. On the event loop.
final class IdLeases {
    /// What the quorum gives for one group in one answer at most.
    private static final int COUNT_MAX = 4_096;

    private static final int GROUPS_PER_MESSAGE_MAX = 1_024;

    private static final class Range {
        private final List<Long> tags;
        final long first;
        long next;
        int left;

        Range(ChunkIdRange range) {
            first = range.getFirst();
            next = first;
            left = range.getCount();
            tags = range.getTagsList();
        }

        FreshChunk take() {
            int at = tags.size() - left;
            left--;
            return new FreshChunk(next++, at < 0 ? 0 : tags.get(at));
        }
    }

    private static final class Group {
        final ArrayDeque<Range> ranges = new ArrayDeque<>(2);
        int left;

        /// How many to ask for next; doubles with every refill, so that few ids lie idle in quiet
        /// groups.
        int nextCount;

        /// Refill when no more than this is left: half of the last lease.
        int refillAt;

        boolean asked;

        Group(int firstCount) {
            nextCount = firstCount;
        }
    }

    private final ControlSession session;
    private final Runnable arrived;
    private final Consumer<Runnable> endOfTurn;
    private final int firstCount;
    private final IntObjectHashMap<Group> groups = new IntObjectHashMap<>();

    /// Groups to ask for with the end of this turn, by count.
    private final TreeMap<Integer, LeaseChunkIds.Builder> wanted = new TreeMap<>();

    private int life;
    private @Nullable String refusal;

    /// @param arrived run when ids came
    /// @param endOfTurn runs its argument when the present events are handled
    IdLeases(
            ControlSession session,
            int firstCount,
            Runnable arrived,
            Consumer<Runnable> endOfTurn) {
        this.session = session;
        this.firstCount = firstCount;
        this.arrived = arrived;
        this.endOfTurn = endOfTurn;
    }

    /// A fresh one; null: asked for, `arrived` will run.
    @Nullable FreshChunk take(int group) {
        Group leases = group(group);
        Range range = leases.ranges.peek();
        FreshChunk taken = null;
        if (range != null) {
            taken = range.take();
            leases.left--;
            if (range.left == 0) {
                leases.ranges.remove();
            }
        }
        if (leases.left <= leases.refillAt) {
            ask(group, leases);
        }
        return taken;
    }

    /// The tag of this one is not good any more, so those of ids that were leased no later are not
    /// either: they go back. Ids of a group only grow.
    void refused(long chunk, LongConsumer abandon) {
        Group leases = group(ChunkId.group(chunk));
        Range range;
        while ((range = leases.ranges.peek()) != null && range.first <= chunk) {
            leases.ranges.remove();
            leases.left -= range.left;
            while (range.left > 0) {
                abandon.accept(range.take().id());
            }
        }
    }

    /// Asks for ids of groups that have none yet.
    void prepare(int[] ids) {
        for (int id : ids) {
            Group leases = group(id);
            if (leases.left == 0) {
                ask(id, leases);
            }
        }
    }

    /// Why the quorum last refused a lease, null: it did not.
    @Nullable String refusal() {
        return refusal;
    }

    /// The session is gone, and its leases with it.
    void clear() {
        life++;
        groups.clear();
        wanted.clear();
    }

    private Group group(int id) {
        Group leases = groups.get(id);
        if (leases == null) {
            leases = new Group(firstCount);
            groups.put(id, leases);
        }
        return leases;
    }

    private void ask(int group, Group leases) {
        if (leases.asked) {
            return;
        }
        leases.asked = true;
        if (wanted.isEmpty()) {
            endOfTurn.accept(this::sendWanted);
        }
        var request =
                wanted.computeIfAbsent(
                        leases.nextCount, count -> LeaseChunkIds.newBuilder().setCount(count));
        request.addGroups(group);
        if (request.getGroupsCount() == GROUPS_PER_MESSAGE_MAX) {
            wanted.remove(leases.nextCount);
            send(request);
        }
    }

    private void sendWanted() {
        wanted.values().forEach(this::send);
        wanted.clear();
    }

    private void send(LeaseChunkIds.Builder request) {
        long sequence = session.nextSequence();
        LeaseChunkIds sent = request.setSequence(sequence).build();
        int askedIn = life;
        session.call(
                ClientMessage.newBuilder().setLease(sent),
                sequence,
                directive -> {
                    if (askedIn == life) {
                        leased(sent, directive);
                    }
                });
    }

    private void leased(LeaseChunkIds sent, ClientDirective directive) {
        refusal = directive.hasFailure() ? directive.getFailure().getMessage() : null;
        for (int group : sent.getGroupsList()) {
            group(group).asked = false;
        }
        for (ChunkIdRange range : directive.getLeased().getRangesList()) {
            Group leases = group(range.getGroup());
            if (range.getCount() > 0 && ChunkId.group(range.getFirst()) == range.getGroup()) {
                leases.ranges.add(new Range(range));
                leases.left += range.getCount();
                leases.refillAt = range.getCount() / 2;
                leases.nextCount =
                        Math.min(COUNT_MAX, Math.max(leases.nextCount, range.getCount() * 2));
            }
        }
        if (!directive.hasFailure()) {
            arrived.run();
        }
    }
}
