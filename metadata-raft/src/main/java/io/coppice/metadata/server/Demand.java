package io.coppice.metadata.server;

import io.coppice.port.Time;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/// How much a client may ask before it has taken what it asked for (R12). So many messages and
/// bytes may be unanswered, and nothing more is read while its answers pile up here. Answers that
/// may be large are made one after the other, each when those before it have left. Thread-safe.
final class Demand {
    /// Messages that are called for before they come. They may come however large they are, so few.
    private static final int AHEAD = 8;

    private static final long UNANSWERED_BYTES_MAX = 4 << 20;

    private final ServerCallStreamObserver<?> call;
    private final int unansweredMax;
    private final Time time;
    private final Executor threads;
    private final ReentrantLock lock = new ReentrantLock();
    // Under the lock.
    private final Deque<Runnable> large = new ArrayDeque<>();
    private boolean isMaking;
    private int calledFor;
    private int unanswered;
    private long unansweredBytes;
    private boolean isUnread;
    private long unreadSinceNanos;

    /// To be made before the call's first message is handled.
    Demand(ServerCallStreamObserver<?> call, int unansweredMax, Time time, Executor threads) {
        this.call = call;
        this.unansweredMax = unansweredMax;
        this.time = time;
        this.threads = threads;
        call.disableAutoInboundFlowControl();
        call.setOnReadyHandler(this::taken);
        callFor();
    }

    /// A message came.
    void arrived(int bytes) {
        lock.lock();
        try {
            calledFor--;
            unanswered++;
            unansweredBytes += bytes;
        } finally {
            lock.unlock();
        }
        callFor();
    }

    /// It has its answer.
    void answered(int bytes) {
        lock.lock();
        try {
            unanswered--;
            unansweredBytes -= bytes;
        } finally {
            lock.unlock();
        }
        callFor();
    }

    /// Does work that sends a large answer, when it is its turn.
    void inTurn(Runnable work) {
        lock.lock();
        try {
            large.add(work);
        } finally {
            lock.unlock();
        }
        makeNext();
    }

    /// For how long the client has taken nothing of what is here for it; 0: there is nothing.
    long unreadNanos() {
        long now = time.nanos();
        boolean ready = call.isReady();
        lock.lock();
        try {
            if (ready) {
                isUnread = false;
            } else if (!isUnread) {
                isUnread = true;
                unreadSinceNanos = now;
            }
            return isUnread ? now - unreadSinceNanos : 0;
        } finally {
            lock.unlock();
        }
    }

    private void taken() {
        lock.lock();
        try {
            isUnread = false;
        } finally {
            lock.unlock();
        }
        callFor();
        makeNext();
    }

    private void callFor() {
        if (!call.isReady()) {
            return; // goes on with `taken`
        }
        int more = 0;
        lock.lock();
        try {
            if (unansweredBytes < UNANSWERED_BYTES_MAX) {
                more = Math.min(AHEAD - calledFor, unansweredMax - unanswered - calledFor);
                calledFor += Math.max(0, more);
            }
        } finally {
            lock.unlock();
        }
        if (more > 0) {
            call.request(more);
        }
    }

    private void makeNext() {
        Runnable work;
        lock.lock();
        try {
            if (isMaking || large.isEmpty() || !call.isReady()) {
                return;
            }
            isMaking = true;
            work = large.remove();
        } finally {
            lock.unlock();
        }
        threads.execute(() -> {
            try {
                work.run();
            } finally {
                lock.lock();
                try {
                    isMaking = false;
                } finally {
                    lock.unlock();
                }
                makeNext();
            }
        });
    }
}
