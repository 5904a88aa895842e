package io.coppice.sim;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/// A host's event loop on virtual time.
final class SimLoop extends AbstractEventExecutor implements EventLoop {
    private final Host host;
    private final Scheduler scheduler;

    SimLoop(Host host, Scheduler scheduler) {
        this.host = host;
        this.scheduler = scheduler;
    }

    @Override
    public void execute(Runnable task) {
        host.execute(task);
    }

    @Override
    public boolean inEventLoop() {
        return scheduler.running() == host;
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return inEventLoop();
    }

    // ------------------------------------------------------------ timers

    private final class Scheduled<V> extends DefaultPromise<V> implements ScheduledFuture<V> {
        private Runnable cancel = () -> {};

        Scheduled() {
            super(SimLoop.this);
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            cancel.run();
            return super.cancel(mayInterrupt);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            throw new UnsupportedOperationException("delays are not asked for");
        }

        @Override
        public int compareTo(Delayed other) {
            throw new UnsupportedOperationException("delays are not compared");
        }

        void repeat(Runnable task, long firstNanos, long nanos) {
            cancel =
                    host.after(
                            firstNanos,
                            () -> {
                                if (!isCancelled()) {
                                    task.run();
                                    if (!isCancelled()) {
                                        repeat(task, nanos, nanos);
                                    }
                                }
                            });
        }
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return schedule(
                () -> {
                    task.run();
                    return Boolean.TRUE;
                },
                delay,
                unit);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        var scheduled = new Scheduled<V>();
        scheduled.cancel =
                host.after(
                        unit.toNanos(delay),
                        () -> {
                            if (scheduled.isCancelled()) {
                                return;
                            }
                            try {
                                scheduled.trySuccess(task.call());
                            } catch (RuntimeException | Error failed) {
                                throw failed;
                            } catch (Exception failed) {
                                throw new IllegalStateException(failed);
                            }
                        });
        return scheduled;
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(
            Runnable task, long first, long period, TimeUnit unit) {
        return scheduleWithFixedDelay(task, first, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(
            Runnable task, long first, long delay, TimeUnit unit) {
        var scheduled = new Scheduled<Object>();
        scheduled.repeat(task, unit.toNanos(first), unit.toNanos(delay));
        return scheduled;
    }

    // ------------------------------------------------------------ not in this world

    @Override
    public EventLoopGroup parent() {
        return this;
    }

    @Override
    public EventLoop next() {
        return this;
    }

    @Override
    public ChannelFuture register(Channel channel) {
        throw new UnsupportedOperationException("there are no channels here");
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        throw new UnsupportedOperationException("there are no channels here");
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        throw new UnsupportedOperationException("there are no channels here");
    }

    @Override
    public boolean isShuttingDown() {
        return !host.isAlive();
    }

    @Override
    public boolean isShutdown() {
        return !host.isAlive();
    }

    @Override
    public boolean isTerminated() {
        return !host.isAlive();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return isTerminated();
    }

    @Override
    public Future<?> shutdownGracefully(long quiet, long timeout, TimeUnit unit) {
        return terminationFuture();
    }

    @Override
    @Deprecated
    public void shutdown() {
        // A host ends by being killed.
    }

    @Override
    public Future<?> terminationFuture() {
        return newFailedFuture(new UnsupportedOperationException("a host ends by being killed"));
    }
}
