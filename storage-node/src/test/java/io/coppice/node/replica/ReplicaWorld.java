package io.coppice.node.replica;

import io.coppice.model.Position;
import io.coppice.node.replica.GroupView.Member;
import io.coppice.node.replica.GroupView.State;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/// Three replicas of one group, a quorum, and links that keep their order but not their promises,
/// driven by one seeded source of chance. Knows nothing of what clients expect: see
/// [ReplicaWorldTest].
@NullUnmarked
final class ReplicaWorld {
    static final int GROUP = 1;
    static final int STORES = 3;

    /// Hears what the group tells its callers.
    interface Callers {
        void answered(Ticket ticket, Outcome outcome, Node by);

        void read(Ticket ticket, Node by);

        void purged(long[] chunks);

        void barrierPassed(long barrier);
    }

    private record Link(int from, int to, int channel) {}

    final Random random;
    final Callers callers;
    final Map<Integer, Node> nodes = new TreeMap<>();
    private final Map<Link, ArrayDeque<Runnable>> links = new HashMap<>();
    private final Map<Integer, State> states = new TreeMap<>();
    private final ReplicaLimits limits;
    private final Map<Position, Map<Long, Position>> versionsAt = new HashMap<>();
    private long epoch = 1;

    /// A store that other replicas do not reach, nor it them, though the quorum does; 0: none.
    int cutOff;

    /// A store that other replicas' operations are slow to reach; 0: none.
    int deaf;

    ReplicaWorld(long seed, ReplicaLimits limits, Callers callers) {
        this.random = new Random(seed);
        this.limits = limits;
        this.callers = callers;
        for (int store = 1; store <= STORES; store++) {
            states.put(store, State.SERVING);
            nodes.put(store, new Node(store));
        }
        nodes.values().forEach(Node::start);
        push();
    }

    // ---------------------------------------------------------------- quorum

    GroupView view() {
        List<Member> members = new ArrayList<>();
        states.forEach((store, state) -> members.add(new Member(store, state)));
        return new GroupView(GROUP, epoch, members);
    }

    private void push() {
        GroupView view = view();
        nodes.values()
                .forEach(node ->
                        post(
                                0,
                                node.store,
                                0,
                                () -> node.onReplica(replica -> replica.view(view))));
    }

    private boolean nobodyServes() {
        return states.values().stream().noneMatch(state -> state == State.SERVING);
    }

    private void leave(int store) {
        State state = states.get(store);
        if (state == State.SERVING) {
            states.put(store, serving() - 1 < limits.minWriteReplicas() ? State.LAST : State.DOWN);
        } else if (state == State.SYNCING) {
            states.put(store, State.DOWN);
        } else {
            return;
        }
        epoch++;
        push();
    }

    private long serving() {
        return states.values().stream().filter(each -> each == State.SERVING).count();
    }

    private void comeBack(int store) {
        if (nobodyServes()) {
            elect(random.nextInt(4) == 0);
            return;
        }
        states.put(store, State.SYNCING);
        epoch++;
        push();
    }

    /// The longest of the last leads, once all of these are back or the grace is over.
    private void elect(boolean graceIsOver) {
        List<Integer> last =
                states.keySet().stream().filter(id -> states.get(id) == State.LAST).toList();
        List<Integer> back = last.stream().filter(id -> nodes.get(id).replica != null).toList();
        if (back.isEmpty() || (!graceIsOver && back.size() < last.size())) {
            return;
        }
        int leader =
                back.stream()
                        .max((a, b) ->
                                nodes.get(a).disk.position.compareTo(nodes.get(b).disk.position))
                        .orElseThrow();
        nodes.forEach((id, node) -> {
            if (node.replica != null) {
                states.put(id, id == leader ? State.SERVING : State.SYNCING);
            }
        });
        epoch++;
        push();
    }

    private void caughtUp(int store, long inEpoch) {
        if (inEpoch == epoch && states.get(store) == State.SYNCING) {
            states.put(store, State.SERVING);
            if (serving() >= limits.minWriteReplicas()) {
                states.replaceAll((_, state) -> state == State.LAST ? State.DOWN : state);
            }
            epoch++;
            push();
        }
    }

    private void failed(int store, long inEpoch) {
        if (inEpoch == epoch) {
            leave(store);
            if (nodes.get(store).replica != null) {
                comeBack(store);
            }
        }
    }

    boolean allServe() {
        return states.values().stream().allMatch(state -> state == State.SERVING);
    }

    /// Whoever serves at a position holds the same versions of the same chunks as anyone who ever
    /// did (R3).
    void checkVersions() {
        nodes.forEach((store, node) -> {
            if (states.get(store) == State.SERVING
                    && node.replica != null
                    && node.replica.epoch() == epoch) {
                Map<Long, Position> here = node.disk.versions();
                Map<Long, Position> first = versionsAt.putIfAbsent(node.disk.position, here);
                if (first != null && !first.equals(here)) {
                    throw new AssertionError(
                            "at " + node.disk.position + ": " + first + " and " + here);
                }
            }
        });
    }

    // ---------------------------------------------------------------- faults

    void crash(int store) {
        Node node = nodes.get(store);
        if (node.replica == null) {
            return;
        }
        node.replica.stop();
        node.replica = null;
        node.dirty = false;
        node.disk.crash();
        links.forEach((link, queue) -> {
            if (link.from == store || link.to == store) {
                queue.clear();
            }
        });
        nodes.forEach((_, other) -> other.onReplica(replica -> replica.linkDown(store)));
        if (random.nextBoolean()) {
            leave(store);
        }
    }

    void restart(int store) {
        Node node = nodes.get(store);
        if (node.replica == null) {
            leave(store);
            node.start();
            comeBack(store);
            post(0, store, 0, () -> node.onReplica(replica -> replica.view(view())));
            nodes.forEach((_, other) -> other.onReplica(replica -> replica.linkUp(store)));
            nodes.forEach((id, _) -> node.onReplica(replica -> replica.linkUp(id)));
        }
    }

    /// The connection over which `from` sends operations to `to` breaks; a new one stands at once.
    void breakLink(int from, int to) {
        queue(from, to, 0).clear();
        queue(to, from, 1).clear();
        nodes.get(from)
                .onReplica(replica -> {
                    replica.linkDown(to);
                    replica.linkUp(to);
                });
    }

    // ---------------------------------------------------------------- scheduler

    void post(int from, int to, int channel, Runnable message) {
        queue(from, to, channel).add(message);
    }

    private ArrayDeque<Runnable> queue(int from, int to, int channel) {
        return links.computeIfAbsent(new Link(from, to, channel), _ -> new ArrayDeque<>());
    }

    /// Delivers one message, or ends one node's turn; false: there was nothing to do.
    boolean step() {
        List<Runnable> possible = new ArrayList<>();
        links.forEach((link, queue) -> {
            if (!queue.isEmpty() && !isCut(link)) {
                possible.add(() -> queue.removeFirst().run());
            }
        });
        nodes.values().stream()
                .filter(node -> node.dirty)
                .forEach(node -> possible.add(node::endTurn));
        if (possible.isEmpty()) {
            return false;
        }
        possible.get(random.nextInt(possible.size())).run();
        return true;
    }

    private boolean isCut(Link link) {
        int to = link.to % 10;
        boolean amongReplicas =
                nodes.containsKey(link.from) && nodes.containsKey(to) && link.from != to;
        return amongReplicas
                && (link.from == cutOff || to == cutOff || (to == deaf && link.channel == 0));
    }

    void tick() {
        nodes.values().forEach(node -> node.onReplica(GroupReplica::tick));
    }

    // ---------------------------------------------------------------- nodes

    final class Node implements Effects {
        final int store;
        final ModelStore disk = new ModelStore();
        final VolumeBarriers barriers = new VolumeBarriers();
        @Nullable GroupReplica replica;
        boolean dirty;
        private boolean wantsSync;
        private int primary;

        Node(int store) {
            this.store = store;
        }

        void start() {
            replica = new GroupReplica(GROUP, store, limits, disk, barriers, this);
        }

        void onReplica(java.util.function.Consumer<GroupReplica> event) {
            GroupReplica now = replica;
            if (now != null) {
                event.accept(now);
            }
        }

        void endTurn() {
            dirty = false;
            disk.write();
            onReplica(GroupReplica::appended);
            if (wantsSync) {
                wantsSync = false;
                GroupReplica now = replica;
                if (now != null) {
                    Runnable synced = now.whenSynced();
                    post(
                            store,
                            store,
                            2,
                            () -> {
                                if (replica == now) {
                                    synced.run();
                                }
                            });
                }
            }
        }

        @Override
        public void append(Operation operation) {
            disk.apply(operation);
            dirty = true;
        }

        @Override
        public void skip(Operation operation) {
            dirty = true;
        }

        @Override
        public void sync() {
            wantsSync = true;
            dirty = true;
        }

        @Override
        public void drop(long chunk) {
            disk.chunks.remove(chunk);
            dirty = true;
        }

        @Override
        public void mark(Position position, boolean complete) {
            disk.position = position;
            dirty = true;
        }

        @Override
        public void replicate(int to, long epoch, Operation operation, long committed) {
            operation.change().payload().retain();
            Operation arriving =
                    new Operation(
                            operation.epoch(),
                            operation.sequence(),
                            operation.change(),
                            operation.origin());
            post(
                    store,
                    to,
                    0,
                    () -> {
                        Node there = nodes.get(to);
                        if (there.replica == null) {
                            return;
                        }
                        there.primary = store;
                        there.onReplica(replica -> replica.replicated(epoch, arriving, committed));
                        there.dirty = true;
                    });
        }

        @Override
        public void committed(int to, long epoch, long committed, boolean sync) {
            post(
                    store,
                    to,
                    0,
                    () -> {
                        nodes.get(to).primary = store;
                        nodes.get(to)
                                .onReplica(
                                        replica -> replica.committedUpTo(epoch, committed, sync));
                    });
        }

        @Override
        public void acknowledge(Ack ack) {
            int to = primary;
            if (to == 0) {
                return; // nobody has sent operations yet
            }
            post(
                    store,
                    to,
                    1,
                    () -> nodes.get(to).onReplica(replica -> replica.acknowledged(store, ack)));
        }

        @Override
        public void answer(Ticket ticket, Outcome outcome) {
            callers.answered(ticket, outcome, this);
        }

        @Override
        public void serveRead(Ticket ticket) {
            callers.read(ticket, this);
        }

        @Override
        public void barrierPassed(long barrier) {
            callers.barrierPassed(barrier);
        }

        @Override
        public void purged(long[] chunks) {
            callers.purged(chunks);
        }

        @Override
        public void askTail(int to, long epoch, long after) {
            ask(
                    to,
                    there -> {
                        Outcome outcome = there.askedForTail(epoch);
                        if (outcome != Outcome.OK || there.appendedSequence() < there.last()) {
                            return () -> onReplica(here -> here.tailFailed(to, epoch));
                        }
                        Operation next = there.tailAfter(after);
                        long last = there.last();
                        if (next != null) {
                            next.change().payload().retain();
                        }
                        Operation copy =
                                next == null
                                        ? null
                                        : new Operation(
                                                next.epoch(),
                                                next.sequence(),
                                                next.change(),
                                                next.origin());
                        return () -> onReplica(here -> here.tailReceived(to, epoch, last, copy));
                    },
                    () -> onReplica(here -> here.tailFailed(to, epoch)));
        }

        @Override
        public void askPage(int to, long epoch, long cursor) {
            ask(
                    to,
                    there -> {
                        if (there.askedToCatchUp(store, epoch, cursor == 0) != Outcome.OK) {
                            return () -> onReplica(here -> here.catchUpFailed(epoch, 0));
                        }
                        List<ChunkSummary> page = new ArrayList<>();
                        ModelStore held = nodes.get(to).disk;
                        held.chunks.tailMap(cursor, false).entrySet().stream()
                                .limit(2)
                                .forEach(entry ->
                                        page.add(
                                                new ChunkSummary(
                                                        entry.getKey(),
                                                        entry.getValue().version,
                                                        entry.getValue().parent)));
                        boolean end = page.size() < 2;
                        long next = page.isEmpty() ? cursor : page.getLast().chunk();
                        Position position = there.position();
                        return () ->
                                onReplica(here ->
                                        here.pageReceived(
                                                epoch, cursor, position, page, next, end));
                    },
                    () -> onReplica(here -> here.catchUpFailed(epoch, 0)));
        }

        @Override
        public boolean mayFetch() {
            return random.nextInt(4) > 0;
        }

        @Override
        public void askChunk(
                int to, long epoch, long chunk, long parent, @Nullable Position parentVersion) {
            ModelStore.Chunk mine = disk.chunks.get(chunk);
            ModelStore.Chunk before = mine == null ? null : mine.copy();
            ask(
                    to,
                    there -> {
                        if (there.askedToCatchUp(store, epoch, false) != Outcome.OK) {
                            return () -> onReplica(here -> here.catchUpFailed(epoch, chunk));
                        }
                        ModelStore held = nodes.get(to).disk;
                        if (before != null && held.exists(chunk)) {
                            checkChanged(
                                    there.changedSince(chunk, before.version),
                                    before,
                                    java.util.Objects.requireNonNull(held.chunks.get(chunk)));
                        }
                        var fetched =
                                held.exists(chunk)
                                        ? held.image(chunk, parent, parentVersion)
                                        : null;
                        long asOf = fetched == null ? there.last() : fetched.version().sequence();
                        return () ->
                                onReplica(here -> here.chunkReceived(epoch, chunk, asOf, fetched));
                    },
                    () -> onReplica(here -> here.catchUpFailed(epoch, chunk)));
        }

        /// What the primary says has changed since is all that has.
        private void checkChanged(
                @Nullable BitSet changed, ModelStore.Chunk before, ModelStore.Chunk now) {
            if (changed == null) {
                return;
            }
            var blocks = new TreeSet<>(before.blocks.keySet());
            blocks.addAll(now.blocks.keySet());
            for (int block : blocks) {
                if (!changed.get(block)
                        && !java.util.Objects.equals(
                                before.blocks.get(block), now.blocks.get(block))) {
                    throw new AssertionError(
                            "block " + block + " differs and is not among " + changed);
                }
            }
        }

        @Override
        public void install(long chunk, FetchedChunk fetched) {
            disk.install(chunk, (ModelStore.Fetched) fetched);
            dirty = true;
        }

        @Override
        public void askReady(int to, long epoch, long sequence) {
            ask(
                    to,
                    there -> {
                        Outcome outcome = there.askedReady(store, epoch, sequence);
                        return () -> onReplica(here -> here.readyAnswered(epoch, outcome));
                    },
                    () -> onReplica(here -> here.readyAnswered(epoch, Outcome.NOT_SERVING)));
        }

        @Override
        public void caughtUp(long epoch) {
            post(store, 0, 3, () -> ReplicaWorld.this.caughtUp(store, epoch));
        }

        @Override
        public void memberFailed(int member, long epoch, String why) {
            post(store, 0, 3, () -> failed(member, epoch));
        }

        /// A request on a connection of its own: delivered, answered; or it fails when the other is
        /// not there.
        private void ask(
                int to,
                java.util.function.Function<GroupReplica, Runnable> request,
                Runnable failed) {
            GroupReplica asking = java.util.Objects.requireNonNull(replica);
            post(
                    store,
                    to + 10 * store,
                    4,
                    () -> {
                        Node there = nodes.get(to);
                        GroupReplica asked = there == null ? null : there.replica;
                        Runnable answer = asked == null ? failed : request.apply(asked);
                        post(
                                to,
                                store + 10 * to,
                                5,
                                () -> {
                                    if (replica == asking) {
                                        answer.run();
                                    }
                                });
                    });
        }
    }
}
