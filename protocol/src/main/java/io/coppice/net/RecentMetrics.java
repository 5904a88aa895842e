package io.coppice.net;

import com.codahale.metrics.Histogram;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.SlidingWindowReservoir;
import com.codahale.metrics.Timer;

/// A registry whose timers and histograms show the last [#SAMPLES] values: to note one is a store
/// to an array. The library's own choice, a sample that decays over minutes, is a sorted map.
/// Thread-safe.
public final class RecentMetrics extends MetricRegistry {
    private static final int SAMPLES = 1024;

    @Override
    public Timer timer(String name) {
        return timer(name, () -> new Timer(new SlidingWindowReservoir(SAMPLES)));
    }

    @Override
    public Histogram histogram(String name) {
        return histogram(name, () -> new Histogram(new SlidingWindowReservoir(SAMPLES)));
    }
}
