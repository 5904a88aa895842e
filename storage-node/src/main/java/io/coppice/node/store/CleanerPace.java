package io.coppice.node.store;

/// How much the cleaner owes: while space is tight it must gain with its moves what clients append.
/// To move a byte out of segments of which a share v is alive gains (1 - v) / v bytes; so for each
/// byte appended v / (1 - v) are moved, more under pressure. Whoever fills the log pays at once and
/// in proportion, instead of waiting for a cleaner that has fallen behind.
final class CleanerPace {
    /// Beyond this a segment is not worth cleaning, and the debt would have no bound.
    private static final double LIVE_MAX = 0.98;

    private static final double UNDER_PRESSURE = 3;

    /// What is owed from the time of a checkpoint, when nothing may be moved, is not paid at once.
    private static final long OWED_MAX = 64L << 20;

    private long seen;
    private long clientBytes;
    private double owed;

    /// @param appended bytes of the log by now; what is new came from clients
    void clientsAppended(long appended) {
        clientBytes += appended - seen;
        seen = appended;
    }

    /// @param appended bytes of the log by now; what is new came from the cleaner
    void cleanerAppended(long appended) {
        owed = Math.max(0, owed - (appended - seen));
        seen = appended;
    }

    /// There is enough room.
    void forgive() {
        clientBytes = 0;
        owed = 0;
    }

    /// @param live share of the victims that is alive
    /// @param pressure 0: just tight; 1: clients would have to wait
    int due(double live, double pressure) {
        double share = Math.min(live, LIVE_MAX);
        owed += clientBytes * share / (1 - share) * (1 + UNDER_PRESSURE * pressure);
        clientBytes = 0;
        owed = Math.min(owed, OWED_MAX);
        return (int) owed;
    }
}
