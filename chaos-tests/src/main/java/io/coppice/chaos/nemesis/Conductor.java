package io.coppice.chaos.nemesis;

import io.coppice.chaos.nemesis.Nemesis.Blow;
import io.coppice.chaos.nemesis.Nemesis.Load;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Strikes, waits, mends, from a seed: the heavy kinds one at a time and only on a cluster that is
/// whole, the light ones meanwhile.
public final class Conductor {
    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final long PAUSE_MILLIS_MIN = 500;
    private static final long PAUSE_MILLIS_MAX = 4_000;
    private static final int MENDS_MAX = 20;

    private final Arena arena;
    private final List<Fault> faults = Collections.synchronizedList(new ArrayList<>());
    private final List<String> troubles = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch over = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();
    private final Consumer<String> log;

    /// @param log takes a line for each thing done
    public Conductor(Arena arena, Consumer<String> log) {
        this.arena = arena;
        this.log = log;
    }

    public void start(List<Nemesis> nemeses, long seed) {
        var seeds = new SplittableRandom(seed);
        for (Load load : Load.values()) {
            List<Nemesis> some = nemeses.stream().filter(each -> each.load() == load).toList();
            SplittableRandom random = seeds.split();
            if (!some.isEmpty()) {
                threads.add(
                        Thread.ofPlatform()
                                .name("nemesis-" + load)
                                .start(() -> conduct(some, load, random)));
            }
        }
    }

    /// Mends what is broken; nothing more happens.
    public void stop() throws InterruptedException {
        over.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /// What was done, in the order of its ends.
    public List<Fault> faults() {
        return List.copyOf(faults);
    }

    /// What the cluster did not get over.
    public List<String> troubles() {
        return List.copyOf(troubles);
    }

    private void conduct(List<Nemesis> some, Load load, SplittableRandom random) {
        while (!waited(random.nextLong(PAUSE_MILLIS_MIN, PAUSE_MILLIS_MAX))) {
            Nemesis nemesis = Arena.one(some, random);
            try {
                strike(nemesis, load, random);
            } catch (IOException failed) {
                log.accept(nemesis.name() + ": " + failed.getMessage());
                if (load == Load.HEAVY && !getsWell(nemesis.name())) {
                    return;
                }
            } catch (RuntimeException bug) {
                troubles.add(nemesis.name() + " ends the nemeses: " + bug);
                return;
            }
        }
    }

    /// Whether the end came while waiting.
    private boolean waited(long millis) {
        try {
            return over.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void strike(Nemesis nemesis, Load load, SplittableRandom random) throws IOException {
        long start = System.nanoTime();
        Blow blow = nemesis.strike().at(arena, random);
        log.accept(blow.what());
        long most = nemesis.lasts().toMillis();
        waited(random.nextLong(most / 4, most + 1));
        mend(blow);
        long mended = System.nanoTime();
        log.accept("mended: " + blow.what());
        long healthy = 0;
        if (load == Load.HEAVY && getsWell(blow.what())) {
            healthy = System.nanoTime();
        }
        faults.add(new Fault(nemesis.name(), blow.what(), start, mended, healthy));
    }

    /// Other faults may be in the way for a while.
    private void mend(Blow blow) throws IOException {
        IOException last = new IOException("not mended");
        for (int i = 0; i < MENDS_MAX; i++) {
            try {
                blow.mending().mend();
                return;
            } catch (IOException failed) {
                last = failed;
                log.accept("cannot mend yet: " + failed.getMessage());
                pause();
            }
        }
        troubles.add("'" + blow.what() + "' cannot be mended: " + last.getMessage());
        throw last;
    }

    private static void pause() {
        try {
            TimeUnit.SECONDS.sleep(1);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean getsWell(String after) {
        try {
            arena.cluster().awaitHealthy(PATIENCE);
            return true;
        } catch (IOException stillIll) {
            troubles.add(
                    PATIENCE.toSeconds() + " s after '" + after + "': " + stillIll.getMessage());
            return false;
        }
    }
}
