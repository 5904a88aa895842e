package io.coppice.chaos.client;

import io.coppice.chaos.client.Recorder.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;

/// A volume whose blocks are registers, as one worker of a client uses it: opened when it is needed
/// and again when it was lost, everything written down. Its device may be shared with other workers
/// of the client.
public final class Volume {
    private final SharedDevice shared;
    private final Recorder recorder;
    private final String name;
    private final int registers;
    private final long stride;

    /// @param registers blocks that are used, spread evenly
    /// @param bytes of the volume
    public Volume(SharedDevice shared, Recorder recorder, int registers, long bytes) {
        this.shared = shared;
        this.recorder = recorder;
        this.name = shared.name();
        this.registers = registers;
        stride = bytes / Stamp.BYTES / registers * Stamp.BYTES;
    }

    public int registers() {
        return registers;
    }

    private String key(int register) {
        return name + "/" + register;
    }

    private long at(int register) {
        return register * stride;
    }

    /// Where a register's block is, in blocks; part of what it holds.
    static long where(long offset) {
        return offset / Stamp.BYTES;
    }

    /// @return whether it was answered
    public boolean read(int register) {
        Device device = shared.device();
        return device != null
                && done(
                        device,
                        recorder.harmless(
                                "read",
                                key(register),
                                () -> {
                                    var block = ByteBuffer.allocate(Stamp.BYTES);
                                    device.read(at(register), block);
                                    return Stamp.value(block, where(at(register)));
                                }));
    }

    /// @param value never written before
    /// @param durable at once
    /// @return whether it is known to have happened
    public boolean write(int register, long value, boolean durable) {
        Device device = shared.device();
        if (device == null) {
            return false;
        }
        SharedDevice.Unflushed unflushed = shared.unflushed();
        var block = Stamp.of(value, where(at(register)));
        boolean written =
                done(
                        device,
                        recorder.change(
                                durable ? "fua" : "write",
                                key(register),
                                value,
                                () -> {
                                    device.write(at(register), block, durable);
                                    return value;
                                }));
        if (written && !durable) {
            unflushed.add(value);
        }
        return written;
    }

    /// Makes it zero.
    ///
    /// @param token never written before; stands for these zeros
    public boolean zero(int register, long token) {
        Device device = shared.device();
        if (device == null) {
            return false;
        }
        SharedDevice.Unflushed unflushed = shared.unflushed();
        boolean zeroed =
                done(
                        device,
                        recorder.change(
                                "zero",
                                key(register),
                                token,
                                () -> {
                                    device.zero(at(register), Stamp.BYTES);
                                    return token;
                                }));
        if (zeroed) {
            unflushed.add(token);
        }
        return zeroed;
    }

    /// The values that are durable then are written down with it.
    public boolean flush() {
        Device device = shared.device();
        if (device == null) {
            return false;
        }
        SharedDevice.Unflushed unflushed = shared.unflushed();
        var covered = unflushed.take();
        var failure = new IOException[1];
        boolean flushed =
                recorder.many(
                                "flush",
                                name,
                                () -> {
                                    try {
                                        device.flush();
                                    } catch (IOException failed) {
                                        failure[0] = failed;
                                        throw failed;
                                    }
                                    return unflushed.flushed(covered);
                                })
                        != null;
        if (!flushed) {
            unflushed.failed(covered, device.hasLost(failure[0]));
            done(device, new Outcome(0, failure[0]));
        }
        return flushed;
    }

    private boolean done(Device device, Outcome outcome) {
        IOException failure = outcome.failure();
        if (failure != null && device.isLost(failure)) {
            shared.lost(device);
        }
        return failure == null;
    }
}
