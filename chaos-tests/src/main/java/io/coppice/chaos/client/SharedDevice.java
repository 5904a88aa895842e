package io.coppice.chaos.client;

import io.coppice.chaos.client.Recorder.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A device of a client's workers, opened by whoever needs it first. Thread-safe.
public final class SharedDevice {
    private final ClientWorld world;
    private final String name;
    private final int recorder;
    private @Nullable Device device;
    private @Nullable Unflushed unflushed;
    private @Nullable Recorder opens;

    /// @param recorder number of a worker that does nothing but opening it
    public SharedDevice(ClientWorld world, String name, int recorder) {
        this.world = world;
        this.name = name;
        this.recorder = recorder;
    }

    String name() {
        return name;
    }

    /// Null: it cannot be opened now.
    public synchronized @Nullable Device device() {
        if (device == null) {
            if (opens == null) {
                opens = world.recorder(recorder);
            }
            // Only an attachment of its own ends what others have under way.
            String how = world.identity().door() == ClientWorld.Door.NBD ? "connect" : "open";
            Outcome outcome =
                    opens.harmless(
                            how,
                            name,
                            () -> {
                                device = world.open(name);
                                return world.identity().index();
                            });
            unflushed = new Unflushed();
            if (!outcome.ok()) {
                return null;
            }
        }
        return device;
    }

    synchronized Unflushed unflushed() {
        return unflushed == null ? new Unflushed() : unflushed;
    }

    /// It is of no use any more.
    public synchronized void lost(Device gone) {
        if (device == gone) {
            gone.close();
            device = null;
        }
    }

    /// Lets go of it.
    public synchronized void close() {
        if (device != null) {
            device.close();
            device = null;
        }
    }

    /// What the next flush makes durable. Thread-safe.
    static final class Unflushed {
        private final List<Long> values = new ArrayList<>();
        private int losses;

        synchronized void add(long value) {
            values.add(value);
        }

        /// What a flush that begins now covers.
        synchronized Covered take() {
            long[] taken = values.stream().mapToLong(Long::longValue).toArray();
            values.clear();
            return new Covered(taken, losses);
        }

        /// That flush has succeeded: what it made durable. A loss that another flush was told of
        /// meanwhile may be of the same.
        synchronized long[] flushed(Covered covered) {
            return covered.losses == losses ? covered.values : new long[0];
        }

        /// That flush has failed.
        ///
        /// @param lost what it covered may be lost; else the next one covers it
        synchronized void failed(Covered covered, boolean lost) {
            if (lost) {
                losses++;
            } else if (covered.losses == losses) {
                for (long value : covered.values) {
                    values.add(value);
                }
            }
        }

        /// @param losses that were known when it was taken
        record Covered(long[] values, int losses) {}
    }
}
