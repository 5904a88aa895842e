package io.coppice.sim;

import io.coppice.port.Entropy;
import io.coppice.port.Time;
import io.coppice.port.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/// One process on a machine of its own, from its start to its end; a restart is another host with
/// the same name. Its clock runs a little wrong.
final class Host implements Time, Entropy, Timer, Executor {
    private static final long WALL_START_MILLIS = 1_800_000_000_000L;

    private final Scheduler scheduler;
    private final String name;
    private final int number;
    private final Chance chance;
    private final double rate;
    private final long offset;
    private final SimLoop loop;
    private final List<Scheduler.Event> held = new ArrayList<>();
    private boolean alive = true;
    private boolean paused;

    Host(Scheduler scheduler, String name, int number, double rate, Chance chance) {
        this.scheduler = scheduler;
        this.name = name;
        this.number = number;
        this.rate = rate;
        this.chance = chance;
        this.offset = chance.between(0, 1L << 40);
        this.loop = new SimLoop(this, scheduler);
    }

    String name() {
        return name;
    }

    int number() {
        return number;
    }

    SimLoop loop() {
        return loop;
    }

    Chance chance() {
        return chance;
    }

    boolean isAlive() {
        return alive;
    }

    boolean isPaused() {
        return paused;
    }

    /// Whether it could answer now.
    boolean isRunning() {
        return alive && !paused;
    }

    /// Nothing of it happens any more.
    void kill() {
        alive = false;
        held.clear();
    }

    void pause() {
        paused = true;
    }

    void resume() {
        if (paused) {
            paused = false;
            held.forEach(scheduler::again);
            held.clear();
        }
    }

    /// Whether the event may happen now; a paused host gets it when it wakes up.
    boolean takes(Scheduler.Event event) {
        if (paused && alive) {
            held.add(event);
            return false;
        }
        return alive;
    }

    // ------------------------------------------------------------ what the host's code sees

    @Override
    public long nanos() {
        return offset + (long) (scheduler.now() * rate);
    }

    @Override
    public long wallMillis() {
        return WALL_START_MILLIS + scheduler.now() / Scheduler.MILLI;
    }

    @Override
    public long nextLong() {
        long value = chance.next();
        return value == 0 ? 1 : value;
    }

    @Override
    public Runnable after(long nanos, Runnable task) {
        Scheduler.Event event = scheduler.after((long) Math.ceil(nanos / rate), this, task);
        return () -> event.cancelled = true;
    }

    @Override
    public void execute(Runnable task) {
        scheduler.after(0, this, task);
    }

    @Override
    public String toString() {
        return name;
    }
}
