package io.coppice.client.plan;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// What a device knows of its volume's chunk map, and the operations that wait for more: for a
/// page, or for the next generation.
final class KnownMap {
    private final MapCache cache;
    private final PageLoads loads = new PageLoads();
    private final ArrayDeque<ChunkOp> awaitingGeneration = new ArrayDeque<>();
    private final Operations ops;
    private final Runnable askTurnEnd;
    private final PlanPort port;
    private boolean pollingGeneration;
    private long generation;
    private int version;

    /// @param askTurnEnd [#load] is to be called at the end of this turn
    KnownMap(int pagesMax, long generation, Operations ops, Runnable askTurnEnd, PlanPort port) {
        cache = new MapCache(pagesMax);
        this.generation = generation;
        this.ops = ops;
        this.askTurnEnd = askTurnEnd;
        this.port = port;
    }

    long generation() {
        return generation;
    }

    /// Changes when all that was read by the map may be read otherwise now.
    int version() {
        return version;
    }

    /// Of that chunk index; null: it is not known.
    MapCache.@Nullable Page page(long index) {
        return cache.page(index);
    }

    /// Forgets everything.
    void drop() {
        version++;
        cache.clear();
        loads.allDirty();
    }

    /// Asks for the pages that are wanted.
    void load() {
        long[] pages = loads.takeWanted();
        if (pages.length > 0) {
            port.loadPages(pages);
        }
    }

    /// One of ours was committed. In an earlier generation: a rollback may have taken it since.
    ///
    /// @param slot of the derivation, among `tags`
    void flipped(Derivation derivation, Tags tags, int slot) {
        long page = MapCache.pageOf(derivation.index);
        if (derivation.generation == generation) {
            cache.flipped(
                    derivation.index,
                    derivation.newChunk,
                    tags.read(slot),
                    tags.write(slot),
                    generation);
        } else {
            cache.drop(page);
        }
        loads.dirty(page);
    }

    /// `chunks` without trailing zeros, `ownedBits` a bitmap, both of `pageGeneration`.
    void loaded(long page, long[] chunks, byte[] ownedBits, Tags tags, long pageGeneration) {
        adopt(pageGeneration);
        if (!loads.isAwaited(page)) {
            return; // nobody waits any more, and flips since then may have passed it
        }
        if (pageGeneration < generation || loads.isDirty(page)) {
            // Captured before something that we know: a flip of ours, or a newer generation.
            loads.again(page);
            askTurnEnd.run();
            return;
        }
        cache.put(page, chunks, ownedBits, tags, pageGeneration);
        ops.makeAllReady(loads.loaded(page));
    }

    /// Those who wait for the page fail.
    void failed(long page, Fault fault) {
        ArrayDeque<ChunkOp> waiting = loads.loaded(page);
        ChunkOp next;
        while ((next = waiting.poll()) != null) {
            next.parkedIn = null;
            ops.finish(next, fault);
        }
    }

    /// If it is newer: pages of an older one own nothing from here on.
    void adopt(long newGeneration) {
        if (newGeneration > generation) {
            generation = newGeneration;
            version++;
            ops.makeAllReady(awaitingGeneration);
        }
    }

    // ------------------------------------------------------------ waiting

    /// @param reload what is known of it is wrong
    void awaitPage(ChunkOp op, boolean reload) {
        long page = MapCache.pageOf(op.index());
        if (reload) {
            cache.drop(page);
            loads.dirty(page);
        }
        ops.park(op, loads.want(page));
        askTurnEnd.run();
    }

    /// `op` was refused in its generation; the next one is told, or asked for.
    void awaitGeneration(ChunkOp op) {
        if (op.generation < generation) {
            ops.makeReady(op);
            return;
        }
        ops.park(op, awaitingGeneration);
        if (!pollingGeneration && !awaitingGeneration.isEmpty()) {
            pollingGeneration = true;
            port.generationAwaited();
        }
    }

    /// Looks for a generation that was not told; true while one is awaited.
    boolean pollGeneration() {
        ChunkOp waiting = awaitingGeneration.peek();
        if (waiting == null) {
            pollingGeneration = false;
            return false;
        }
        loads.want(MapCache.pageOf(waiting.index()));
        askTurnEnd.run();
        return true;
    }
}
