package io.coppice.chaos.disk;

import io.coppice.chaos.linux.Libc;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What is wrong with one disk just now. Changed by the nemesis, asked by the threads that serve
/// the disk; thread-safe.
public final class DiskFaults {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition goesOn = lock.newCondition();
    private boolean hung;
    private volatile boolean mayHang;
    private volatile long delayNanos;
    private volatile boolean readsFail;
    private volatile boolean writesFail;
    private volatile boolean syncsFail;
    private volatile boolean fills;
    private volatile long fullAt;

    /// No request is answered until [#heal].
    public void hang() {
        lock.lock();
        try {
            hung = true;
            mayHang = true;
        } finally {
            lock.unlock();
        }
    }

    /// Each request takes so much longer.
    public void slow(long nanos) {
        delayNanos = nanos;
    }

    public void failReads() {
        readsFail = true;
    }

    public void failWrites() {
        writesFail = true;
    }

    /// Syncs fail, and forget what they should have kept, as file systems do.
    public void failSyncs() {
        syncsFail = true;
    }

    /// Somebody else takes all space that is left. It is seen at once, and gone so much later.
    public void fill(long laterNanos) {
        fullAt = System.nanoTime() + laterNanos;
        fills = true;
    }

    boolean looksFull() {
        return fills;
    }

    boolean isFull() {
        return fills && System.nanoTime() - fullAt >= 0;
    }

    /// Everything works again, as slowly as before.
    public void heal() {
        readsFail = false;
        writesFail = false;
        syncsFail = false;
        fills = false;
        lock.lock();
        try {
            hung = false;
            mayHang = false;
            goesOn.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void beforeRead() throws DiskException {
        pass(readsFail);
    }

    void beforeWrite() throws DiskException {
        pass(writesFail);
    }

    /// @return whether it fails
    boolean beforeSync() throws DiskException {
        pass(false);
        return syncsFail;
    }

    private void pass(boolean fails) throws DiskException {
        if (delayNanos > 0) {
            pause(delayNanos);
        }
        if (mayHang) {
            lock.lock();
            try {
                while (hung) {
                    goesOn.awaitUninterruptibly();
                }
            } finally {
                lock.unlock();
            }
        }
        if (fails) {
            throw new DiskException(Libc.EIO);
        }
    }

    private static void pause(long nanos) {
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException nobodyAsks) {
            Thread.currentThread().interrupt();
        }
    }
}
