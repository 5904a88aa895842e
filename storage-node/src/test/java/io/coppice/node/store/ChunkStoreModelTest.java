package io.coppice.node.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.coppice.model.Position;
import io.coppice.wire.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Random operations, crashes, cleaning and checkpoints against a map of arrays. A seed that fails
/// is in the message.
final class ChunkStoreModelTest {
    private record Image(long parent, @Nullable Position version, long[] tags) {
        boolean same(Image other) {
            return parent == other.parent
                    && Objects.equals(version, other.version)
                    && Arrays.equals(tags, other.tags);
        }
    }

    private record State(Map<Long, Image> chunks, Map<Integer, Position> positions) {
        State copy() {
            return new State(new HashMap<>(chunks), new HashMap<>(positions));
        }
    }

    private final class Run {
        final long seed;
        final Random random;
        final StoreFixture at;
        final int blocks;
        State state = new State(new HashMap<>(), new HashMap<>());

        /// States that a crash may leave: the last synced one and all later.
        final List<State> possible = new ArrayList<>();

        @Nullable Checkpoint open;
        long tag = 1;
        long moved;
        long torn;
        long loaded;
        long number = 1;

        Run(long seed, StoreConfig config) throws IOException {
            this.seed = seed;
            random = new Random(seed);
            at = new StoreFixture(config);
            blocks = config.blocksPerChunk();
            possible.add(state.copy());
        }

        void steps(int count) throws IOException {
            for (int i = 0; i < count; i++) {
                step();
                at.checkCounts();
            }
            verify(state);
        }

        void step() throws IOException {
            int dice = random.nextInt(100);
            if (dice < 45) {
                write();
            } else if (dice < 57) {
                zero();
            } else if (dice < 65) {
                purge();
            } else if (dice < 69) {
                install();
            } else if (dice < 71) {
                repair();
            } else if (dice < 72) {
                drop();
            } else if (dice < 80) {
                at.store.commitBatch();
            } else if (dice < 86) {
                sync();
            } else if (dice < 92) {
                long before = at.store.movedBlocks();
                at.store.cleanStep(1 << (12 + random.nextInt(8)), true);
                moved += at.store.movedBlocks() - before;
            } else if (dice < 96) {
                checkpoint();
            } else if (dice < 98) {
                verify(state);
            } else {
                restart();
            }
        }

        void sync() throws IOException {
            at.sync();
            possible.clear();
            possible.add(state.copy());
        }

        void checkpoint() throws IOException {
            if (open == null) {
                open = at.store.beginCheckpoint();
            } else {
                open.write();
                at.store.completeCheckpoint(open);
                open = null;
            }
        }

        void restart() throws IOException {
            open = null;
            if (random.nextInt(3) == 0) {
                at.store.commitBatch();
                at.reopen(); // the process died, the machine lives
                assertEquals(0, at.report.tornBytes());
                verify(state);
            } else {
                at.store.commitBatch();
                long keep = at.disk.order() - random.nextInt(40);
                at.disk.crash(keep, random.nextInt(9000));
                at.reopen();
                assertEquals(0, at.report.lostRecords(), () -> "seed " + seed + " " + at.report);
                state = recovered();
            }
            torn += at.report.tornBytes();
            loaded += at.report.checkpoint();
            possible.clear();
            possible.add(state.copy());
        }

        State recovered() throws IOException {
            for (int i = possible.size() - 1; i >= 0; i--) {
                if (matches(possible.get(i))) {
                    return possible.get(i);
                }
            }
            return fail(
                    "seed "
                            + seed
                            + ": recovered state is none of "
                            + possible.size()
                            + " possible; "
                            + at.report);
        }

        boolean matches(State expected) throws IOException {
            if (at.store.chunkCount() != expected.chunks.size()) {
                return false;
            }
            for (int group = 1; group <= 2; group++) {
                if (!at.store
                        .position(group)
                        .equals(expected.positions.getOrDefault(group, Position.NONE))) {
                    return false;
                }
            }
            for (var entry : expected.chunks.entrySet()) {
                Image image = entry.getValue();
                long chunk = entry.getKey();
                if (!at.store.contains(chunk)
                        || !image.same(
                                new Image(
                                        at.store.parent(chunk),
                                        at.store.version(chunk),
                                        at.read(chunk)))) {
                    return false;
                }
            }
            return true;
        }

        void verify(State expected) throws IOException {
            assertTrue(matches(expected), () -> "seed " + seed + ": content differs; " + at.report);
        }

        long anyChunk() {
            List<Long> ids = state.chunks.keySet().stream().sorted().toList();
            return ids.isEmpty() ? 0 : ids.get(random.nextInt(ids.size()));
        }

        void done(int group, @Nullable Position position) {
            if (position != null) {
                state.positions.put(group, position);
            }
            possible.add(state.copy());
        }

        void write() {
            int group = 1 + random.nextInt(2);
            long target = anyChunk();
            long from = 0;
            if (target == 0 || random.nextInt(4) == 0) {
                from = random.nextBoolean() ? target : 0;
                target = StoreFixture.chunk(from == 0 ? group : (int) (from >>> 44), number++);
            }
            int first = random.nextInt(blocks);
            int count =
                    1 + (random.nextInt(3) == 0 ? random.nextInt(Math.min(blocks - first, 16)) : 0);
            var tags = new long[count];
            long[] image = base(target, from);
            for (int i = 0; i < count; i++) {
                tags[i] = image[first + i] = tag++;
            }
            long parent = parentOf(target, from);
            at.write(target, from, first, tags);
            var position = new Position(1, at.sequence);
            state.chunks.put(target, new Image(parent, position, image));
            done((int) (target >>> 44), position);
        }

        long parentOf(long target, long from) {
            Image own = state.chunks.get(target);
            return own == null ? from : own.parent;
        }

        long[] base(long target, long from) {
            Image own = state.chunks.get(target);
            Image parent = state.chunks.get(from);
            return own != null
                    ? own.tags.clone()
                    : parent != null ? parent.tags.clone() : new long[blocks];
        }

        /// Some blocks of another chunk of the group, put into the image too.
        List<ChunkImage.Reference> references(int group, long[] image) {
            long other = anyChunk();
            if (other == 0 || other >>> 44 != group || random.nextBoolean()) {
                return List.of();
            }
            long[] tags = base(other, 0);
            int first = random.nextInt(blocks);
            int count = 1 + random.nextInt(Math.min(blocks - first, 40));
            for (int block = first; block < first + count; block++) {
                image[block] = tags[block] == 0 ? image[block] : tags[block];
            }
            return List.of(new ChunkImage.Reference(other, first, count));
        }

        void zero() {
            long from = anyChunk();
            if (from == 0) {
                return;
            }
            boolean derive = random.nextInt(4) == 0;
            long target = derive ? StoreFixture.chunk((int) (from >>> 44), number++) : from;
            int first = random.nextInt(blocks);
            int count = random.nextInt(blocks - first + 1);
            long[] image = base(target, from);
            Arrays.fill(image, first, first + count, 0);
            long parent = parentOf(target, from);
            at.zero(target, derive ? from : 0, first, count);
            var position = new Position(1, at.sequence);
            state.chunks.put(target, new Image(parent, position, image));
            done((int) (target >>> 44), position);
        }

        void purge() {
            long chunk = anyChunk();
            int group = chunk == 0 ? 1 : (int) (chunk >>> 44);
            Position position = at.next();
            at.store.purge(group, position, new long[] {chunk == 0 ? 77 : chunk, 12345});
            state.chunks.remove(chunk);
            done(group, position);
        }

        void drop() {
            long chunk = anyChunk();
            if (chunk != 0) {
                at.store.drop(chunk);
                state.chunks.remove(chunk);
                done(1, null);
            }
        }

        void install() {
            long parent = random.nextBoolean() ? anyChunk() : 0;
            int group = parent == 0 ? 1 : (int) (parent >>> 44);
            long existing = anyChunk();
            long chunk =
                    existing != 0
                                    && existing != parent
                                    && existing >>> 44 == group
                                    && random.nextBoolean()
                            ? existing
                            : StoreFixture.chunk(group, number++);
            boolean held = chunk == existing && random.nextBoolean();
            long[] image = held ? base(existing, 0) : base(0, parent);
            var data = new BitSet();
            var unmapped = new BitSet();
            for (int i = 0; i < 5; i++) {
                data.set(random.nextInt(blocks));
                unmapped.set(random.nextInt(blocks));
            }
            unmapped.andNot(data);
            int[] numbers = data.stream().toArray();
            var tags = new long[numbers.length];
            for (int i = 0; i < tags.length; i++) {
                tags[i] = image[numbers[i]] = tag++;
            }
            unmapped.stream().forEach(block -> image[block] = 0);
            List<ChunkImage.Reference> references = references(group, image);
            ByteBuffer bytes = StoreFixture.blocks(tags);
            var version = new Position(1, 1_000_000 + tag);
            at.store.install(
                    new ChunkImage(
                            chunk,
                            parent,
                            held
                                    ? ChunkImage.Base.HELD
                                    : parent == 0
                                            ? ChunkImage.Base.NOTHING
                                            : ChunkImage.Base.PARENT,
                            version,
                            numbers,
                            Checksums.ofBlocks(bytes),
                            bytes,
                            unmapped.stream().toArray(),
                            references));
            state.chunks.put(chunk, new Image(parent, version, image));
            done(group, null);
        }

        void repair() {
            long chunk = anyChunk();
            if (chunk == 0) {
                return;
            }
            long[] tags = base(chunk, 0);
            int block = random.nextInt(blocks);
            if (tags[block] != 0) {
                ByteBuffer data = StoreFixture.blocks(tags[block]);
                at.store.repair(chunk, block, Checksums.crc32c(data), data);
                done(1, null);
            }
        }
    }

    private long moved;
    private long torn;
    private long loaded;

    @Test
    void smallChunksBehaveLikeArrays() throws IOException {
        for (long seed = 0; seed < 150; seed++) {
            run(seed, StoreFixture.TINY, 250);
        }
        checkThatItHappened();
    }

    @Test
    void chunksWithPagedTablesBehaveLikeArrays() throws IOException {
        StoreConfig config =
                StoreConfig.defaults().withChunkBytes(512 << 10).withSegmentBytes(1 << 20);
        for (long seed = 1000; seed < 1020; seed++) {
            run(seed, config, 900);
        }
        checkThatItHappened();
    }

    private void checkThatItHappened() {
        assertTrue(moved > 0, "the cleaner moved nothing");
        assertTrue(torn > 0, "no crash tore the log");
        assertTrue(loaded > 0, "no restart met a checkpoint");
    }

    private void run(long seed, StoreConfig config, int steps) throws IOException {
        try {
            Run run = new Run(seed, config);
            run.steps(steps);
            moved += run.moved;
            torn += run.torn;
            loaded += run.loaded;
        } catch (IOException | RuntimeException | Error e) {
            throw new AssertionError("seed " + seed, e);
        }
    }
}
