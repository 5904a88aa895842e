package io.coppice.nbd;

import io.coppice.model.Invariant;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The exports that are open now. All connections to one name share one device: it is opened for
/// the first of them and closed a moment after the last. Thread-safe.
final class OpenExports {
    private static final Logger log = LoggerFactory.getLogger(OpenExports.class);

    /// One connection's right to use a device, given back exactly once.
    final class Lease {
        private final Entry entry;
        private final ExportDevice device;
        private boolean returned;

        private Lease(Entry entry, ExportDevice device) {
            this.entry = entry;
            this.device = device;
        }

        String name() {
            return entry.name;
        }

        ExportDevice device() {
            return device;
        }

        void close() {
            OpenExports.this.close(this);
        }
    }

    private static final class Entry {
        private final String name;
        private final CompletableFuture<ExportDevice> device;
        private int users;

        /// Counts moments without users; a close that was planned in an earlier one is void.
        private long idles;

        Entry(String name, CompletableFuture<ExportDevice> device) {
            this.name = name;
            this.device = device;
        }
    }

    private final Exports exports;
    private final EventLoopGroup timers;
    private final Duration linger;
    private final Map<String, Entry> open = new HashMap<>();
    private boolean closed;

    OpenExports(Exports exports, EventLoopGroup timers, Duration linger) {
        this.exports = exports;
        this.timers = timers;
        this.linger = linger;
    }

    /// Opens the export, in the name of `client`, or joins those who use it, when the name still
    /// means the same. The future fails with [ExportException].
    CompletableFuture<Lease> acquire(String name, ClientIdentity client) {
        Entry entry;
        boolean first = false;
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(
                        new ExportException(
                                ExportException.Kind.CLOSING, "the gateway is shutting down"));
            }
            entry = open.get(name);
            if (entry == null || !usable(entry)) {
                entry = new Entry(name, new CompletableFuture<>());
                open.put(name, entry);
                first = true;
            }
            entry.users++;
        }
        var joined = entry;
        if (first) {
            open(joined, client);
            return joined.device.thenApply(device -> new Lease(joined, device));
        }
        return joined.device.thenCompose(device -> join(new Lease(joined, device), client));
    }

    private CompletableFuture<Lease> join(Lease lease, ClientIdentity client) {
        String name = lease.name();
        return exports.isStill(name, lease.device())
                .whenComplete((still, error) -> {
                    if (error == null && !still) {
                        forget(lease.entry); // its users go on
                    }
                    if (error != null || !still) {
                        lease.close();
                    }
                })
                .thenCompose(still ->
                        still ? CompletableFuture.completedFuture(lease) : acquire(name, client));
    }

    /// Devices open now.
    synchronized int count() {
        return open.size();
    }

    /// Closes what nobody uses; devices in use close with their last connection, without linger.
    void close() {
        List<Entry> idle = new ArrayList<>();
        synchronized (this) {
            closed = true;
            open.values().removeIf(entry -> entry.users == 0 && idle.add(entry));
        }
        idle.forEach(OpenExports::closeDevice);
    }

    private void open(Entry entry, ClientIdentity client) {
        exports.open(entry.name, client)
                .whenComplete((device, error) -> {
                    if (error == null) {
                        entry.device.complete(device);
                    } else {
                        forget(entry);
                        entry.device.completeExceptionally(error);
                    }
                });
    }

    private static boolean usable(Entry entry) {
        @Nullable ExportDevice device =
                entry.device.isCompletedExceptionally() ? null : entry.device.getNow(null);
        return device == null ? !entry.device.isDone() : device.usable();
    }

    private synchronized void forget(Entry entry) {
        open.remove(entry.name, entry);
    }

    private void close(Lease lease) {
        var entry = lease.entry;
        long idle;
        synchronized (this) {
            Invariant.check(!lease.returned, "lease returned twice");
            lease.returned = true;
            if (--entry.users > 0) {
                return;
            }
            idle = ++entry.idles;
        }
        if (closed || linger.isZero() || !lease.device.usable() || timers.isShuttingDown()) {
            closeIfIdle(entry, idle);
        } else {
            timers.next()
                    .schedule(
                            () -> closeIfIdle(entry, idle),
                            linger.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    private void closeIfIdle(Entry entry, long idle) {
        synchronized (this) {
            if (entry.users > 0 || entry.idles != idle) {
                return;
            }
            entry.idles++;
            open.remove(entry.name, entry);
        }
        closeDevice(entry);
    }

    private static void closeDevice(Entry entry) {
        entry.device.thenAccept(device -> {
            log.debug("export {} closed", entry.name);
            device.close();
        });
    }
}
