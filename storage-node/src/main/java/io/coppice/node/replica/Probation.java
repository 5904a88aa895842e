package io.coppice.node.replica;

/// How long a replica that was taken out of service must keep up before it asks to serve again: so
/// that one that is slow now and then does not come and go. It doubles each time, up to a bound,
/// and halves after each ten times as long in service. A process that starts again starts afresh.
///
/// Time is counted in ticks of the store's lane, so a slow store's time passes slowly.
final class Probation {
    private static final int DOUBLINGS_MAX = 6;
    private static final int SERVICE = 10;

    private final int ticksMin;
    private int takenOut;
    private int ticksLeft;
    private int servedTicks;

    /// @param ticksMin the first time; 0: never
    Probation(int ticksMin) {
        this.ticksMin = ticksMin;
    }

    /// It served, and does not any more.
    void takenOut() {
        takenOut = Math.min(takenOut + 1, DOUBLINGS_MAX + 1);
        ticksLeft = length();
        servedTicks = 0;
    }

    private int length() {
        return takenOut == 0 ? 0 : ticksMin << (takenOut - 1);
    }

    /// A tick in which it was in service.
    void served() {
        if (takenOut > 0 && ++servedTicks >= SERVICE * length()) {
            takenOut--;
            servedTicks = 0;
        }
    }

    /// A tick in which it lacked nothing but the primary's word.
    void keptUp() {
        ticksLeft = Math.max(0, ticksLeft - 1);
    }

    boolean isOver() {
        return ticksLeft == 0;
    }
}
