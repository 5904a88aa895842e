package io.coppice.metadata.core;

/// What is decided about a volume beside what it holds.
///
/// @param project that it belongs to
/// @param owner the principal who made it; empty: nobody who was known
/// @param guarded it cannot be deleted and does not end by itself
/// @param confined clones of it stay in its project
/// @param policy that it follows; empty: its project's
/// @param usedMillis when somebody last attached it or let go of it; before that, when it was made
/// @param warnedMillis when its end as unused was announced; 0: it was not
/// @param archivedMillis since when nobody may attach it; 0: it may be attached
public record Terms(
        String project,
        String owner,
        boolean guarded,
        boolean confined,
        String policy,
        long usedMillis,
        long warnedMillis,
        long archivedMillis) {
    /// The project of what is in none that somebody made.
    public static final String PROJECT = "default";

    /// Of a volume that `owner` makes now.
    static Terms of(String project, String owner, long now) {
        return new Terms(project.isEmpty() ? PROJECT : project, owner, false, false, "", now, 0, 0);
    }

    public boolean archived() {
        return archivedMillis != 0;
    }

    /// Somebody uses it, so nobody has been warned.
    ///
    /// @param now 0: that is not counted yet
    Terms used(long now) {
        return now == 0
                ? this
                : new Terms(project, owner, guarded, confined, policy, now, 0, archivedMillis);
    }

    Terms warned(long now) {
        return new Terms(
                project, owner, guarded, confined, policy, usedMillis, now, archivedMillis);
    }

    /// @param millis 0: nobody may attach it no longer
    Terms archived(long millis, long used) {
        return new Terms(project, owner, guarded, confined, policy, used, 0, millis);
    }

    Terms guarded(boolean now) {
        return new Terms(
                project, owner, now, confined, policy, usedMillis, warnedMillis, archivedMillis);
    }

    Terms confined(boolean now) {
        return new Terms(
                project, owner, guarded, now, policy, usedMillis, warnedMillis, archivedMillis);
    }

    Terms following(String other) {
        return new Terms(
                project, owner, guarded, confined, other, usedMillis, warnedMillis, archivedMillis);
    }

    Terms within(String other) {
        return new Terms(
                other, owner, guarded, confined, policy, usedMillis, warnedMillis, archivedMillis);
    }
}
