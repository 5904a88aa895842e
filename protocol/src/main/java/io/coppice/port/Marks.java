package io.coppice.port;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Rare branches that say when they are taken, so that a test can tell whether it has been where it
/// claims to have been ("sometimes" assertions, after FoundationDB and Antithesis). Without a
/// watcher a mark costs one read of a field. Thread-safe.
public final class Marks {
    /// Every mark that there is.
    public static final List<String> ALL =
            List.of(
                    "a barrier waited for unfinished writes",
                    "a chunk was fetched by a replica that catches up",
                    "a damaged block was mended from a replica",
                    "a drained node holds nothing any more",
                    "a fence refused a client",
                    "a flip was refused as stale",
                    "a flush said that writes were lost",
                    "a group that was down was elected anew",
                    "a last replica was elected without all of its equals",
                    "a lost seal had its generation raised",
                    "a member was sent again what it may have missed",
                    "a new primary pulled what a backup had beyond it",
                    "a purge reached all serving replicas",
                    "a read waited for a flip that may show it",
                    "a read waited for an unfinished write",
                    "a request was refused for want of a lease",
                    "a record's header was damaged",
                    "a replica moves for balance",
                    "a retried request was recognised",
                    "a seal refused a write",
                    "a session ended while its client was away",
                    "a slow member was taken out",
                    "a store failed and stays down",
                    "a store lost what was not durable",
                    "a stretch of the disk could not be read",
                    "a volume lost what was beyond its new end",
                    "a volume was reset",
                    "a volume was rolled back",
                    "a write was refused for want of space",
                    "an attachment was taken over",
                    "the log was zeroed ahead",
                    "two volumes were exchanged",
                    "what came over a superseded connection was dropped",
                    "writes waited because too few replicas served");

    private static final AtomicReference<@Nullable Consumer<String>> WATCHER =
            new AtomicReference<>();

    private Marks() {}

    /// The branch called `name`, one of [#ALL], is taken.
    public static void hit(String name) {
        Consumer<String> told = WATCHER.get();
        if (told != null) {
            told.accept(name);
        }
    }

    /// Who is told from now on; called by whichever thread takes the branch.
    public static void watch(Consumer<String> told) {
        WATCHER.set(told);
    }
}
