package io.coppice.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// Reads or writes a device as fast as a queue depth allows, and says how fast that was. With
/// `verify` every write carries where and which it is, and everything written is read back at the
/// end. One use.
public final class LoadGenerator {
    /// What to do.
    ///
    /// @param random random offsets, else one after the other
    /// @param readPercent 0: writes only, 100: reads only
    /// @param blockBytes bytes of each request
    /// @param depth requests under way at once
    /// @param rangeBytes how much of the device from its start, 0: all
    public record Options(
            boolean random,
            int readPercent,
            int blockBytes,
            int depth,
            Duration duration,
            boolean verify,
            long rangeBytes,
            long seed) {
        public Options {
            require(
                    readPercent >= 0 && readPercent <= 100,
                    "the share of reads is 0 to 100 percent");
            require(
                    blockBytes >= 512 && blockBytes <= 64 << 20,
                    "the block size is 512 bytes to 64 MiB");
            require(depth >= 1 && depth <= 4_096, "the depth is 1 to 4096");
            require(!duration.isNegative() && !duration.isZero(), "the duration must be positive");
            require(rangeBytes >= 0, "the range must not be negative");
        }

        private static void require(boolean holds, String otherwise) {
            if (!holds) {
                throw new IllegalArgumentException(otherwise);
            }
        }
    }

    /// What came of it. Latencies in microseconds.
    public record Result(
            long operations,
            long bytes,
            double seconds,
            double iops,
            double megabytesPerSecond,
            double p50Micros,
            double p99Micros,
            double p999Micros,
            double maxMicros,
            long errors,
            long verified,
            long verifyErrors,
            @Nullable String firstError) {}

    private static final long SLOTS_VERIFIED_MAX = 1L << 27;
    private static final int ISSUED_PER_TURN_MAX = 1_024;

    private final BlockDevice device;
    private final Options options;
    private final SplittableRandom random;
    private final long slots;
    private final LatencyHistogram latencies = new LatencyHistogram();
    private final BitSet busy = new BitSet();

    /// With `verify`: which write of a slot was the last, 0: none.
    private final int[] stamps;

    private final CompletableFuture<Void> finished = new CompletableFuture<>();
    private final ByteBuf noise;
    private long nextSlot;
    private long endNanos;
    private int underWay;
    private int lastStamp;
    private long operations;
    private long errors;
    private long verified;
    private long verifyErrors;
    private boolean issuing;
    private boolean verifying;
    private @Nullable CompletableFuture<Void> verifyOver;
    private @Nullable String firstError;

    public LoadGenerator(BlockDevice device, Options options) {
        this.device = device;
        this.options = options;
        random = new SplittableRandom(options.seed());
        long range =
                options.rangeBytes() == 0
                        ? device.size()
                        : Math.min(options.rangeBytes(), device.size());
        slots = range / options.blockBytes();
        if (slots == 0) {
            throw new IllegalArgumentException("the range is smaller than one block");
        }
        if (slots > Integer.MAX_VALUE || (options.verify() && slots > SLOTS_VERIFIED_MAX)) {
            throw new IllegalArgumentException(
                    "too many blocks to keep account of: use a smaller range");
        }
        stamps = new int[options.verify() ? (int) slots : 0];
        noise = PooledByteBufAllocator.DEFAULT.directBuffer(options.blockBytes());
        while (noise.writableBytes() > 0) {
            noise.writeByte(random.nextInt());
        }
    }

    /// Runs for the duration, then verifies; blocks.
    public Result run() throws IOException {
        long start = System.nanoTime();
        endNanos = start + options.duration().toNanos();
        device.eventLoop().execute(this::issue);
        await(finished);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (options.verify()) {
            verify();
        }
        noise.release();
        long bytes = operations * options.blockBytes();
        return new Result(
                operations,
                bytes,
                seconds,
                operations / seconds,
                bytes / seconds / 1e6,
                latencies.nanosAt(0.5) / 1e3,
                latencies.nanosAt(0.99) / 1e3,
                latencies.nanosAt(0.999) / 1e3,
                latencies.maxNanos() / 1e3,
                errors,
                verified,
                verifyErrors,
                firstError);
    }

    // ------------------------------------------------------------ the load, on the device's loop

    private void issue() {
        if (issuing) {
            return; // an answer that came within the call
        }
        issuing = true;
        int issued = 0;
        while (underWay < options.depth() && System.nanoTime() - endNanos < 0) {
            if (++issued > ISSUED_PER_TURN_MAX) {
                device.eventLoop()
                        .execute(
                                this::issue); // holes answer at once: leave the loop to others, too
                issuing = false;
                return;
            }
            int slot = pickSlot();
            if (slot < 0) {
                break; // all slots are under way
            }
            if (random.nextInt(100) < options.readPercent()) {
                read(slot);
            } else {
                write(slot);
            }
        }
        issuing = false;
        if (underWay == 0) {
            finished.complete(null);
        }
    }

    /// No two requests to one slot at once, so that it is known what each slot holds.
    private int pickSlot() {
        for (int tries = 0; tries < 64; tries++) {
            long slot = options.random() ? random.nextLong(slots) : nextSlot++ % slots;
            if (!busy.get((int) slot)) {
                busy.set((int) slot);
                underWay++;
                return (int) slot;
            }
        }
        return -1;
    }

    private void write(int slot) {
        int stamp = ++lastStamp;
        ByteBuf data = options.verify() ? stamped(slot, stamp) : noise.retainedDuplicate();
        if (options.verify()) {
            stamps[slot] = stamp;
        }
        long start = System.nanoTime();
        device.write(
                offset(slot),
                data,
                false,
                failure -> {
                    data.release();
                    if (failure != null && options.verify()) {
                        stamps[slot] = 0; // nobody knows what is there now
                    }
                    done(slot, start, failure);
                });
    }

    private void read(int slot) {
        ByteBuf target = buffer();
        long start = System.nanoTime();
        device.read(
                offset(slot),
                target,
                failure -> {
                    if (failure == null) {
                        compare(slot, target);
                    }
                    target.release();
                    done(slot, start, failure);
                });
    }

    private void done(int slot, long startNanos, @Nullable DeviceException failure) {
        busy.clear(slot);
        underWay--;
        if (verifying) {
            verifyNext();
            return;
        }
        latencies.record(System.nanoTime() - startNanos);
        if (failure == null) {
            operations++;
        } else {
            failed(failure);
        }
        issue();
    }

    private void failed(DeviceException failure) {
        errors++;
        if (firstError == null) {
            firstError = failure.getMessage();
        }
        boolean hopeless =
                failure.reason() == DeviceException.Reason.LOST
                        || failure.reason() == DeviceException.Reason.CLOSED;
        if (hopeless) {
            endNanos = System.nanoTime();
        }
    }

    // ------------------------------------------------------------ verification

    private void verify() throws IOException {
        var over = new CompletableFuture<Void>();
        device.eventLoop()
                .execute(() -> {
                    verifying = true;
                    nextSlot = 0;
                    verifyOver = over;
                    verifyNext();
                });
        await(over);
    }

    private void verifyNext() {
        if (issuing) {
            return;
        }
        issuing = true;
        while (underWay < options.depth() && nextSlot < slots) {
            int slot = (int) nextSlot++;
            if (stamps[slot] != 0) {
                underWay++;
                busy.set(slot);
                read(slot);
            }
        }
        issuing = false;
        if (underWay == 0 && verifyOver != null) {
            verifyOver.complete(null);
        }
    }

    private void compare(int slot, ByteBuf found) {
        if (!options.verify() || stamps[slot] == 0) {
            return;
        }
        ByteBuf expected = stamped(slot, stamps[slot]);
        verified++;
        if (!found.equals(expected)) {
            verifyErrors++;
            if (firstError == null) {
                firstError = "at " + offset(slot) + " is not what was written there last";
            }
        }
        expected.release();
    }

    /// Noise with the slot and the stamp at the start of every sector.
    private ByteBuf stamped(int slot, int stamp) {
        ByteBuf data = buffer().writeBytes(noise, 0, options.blockBytes());
        for (int at = 0; at + 12 <= options.blockBytes(); at += 512) {
            data.setLong(at, slot + ((long) at << 32)).setInt(at + 8, stamp);
        }
        return data;
    }

    private ByteBuf buffer() {
        return PooledByteBufAllocator.DEFAULT.directBuffer(
                options.blockBytes(), options.blockBytes());
    }

    private long offset(int slot) {
        return (long) slot * options.blockBytes();
    }

    private static void await(CompletableFuture<Void> future) throws IOException {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
