package io.coppice.client;

import org.jspecify.annotations.Nullable;

/// Completes one caller after several parts, with the first failure.
final class Parts implements Completion {
    private final Completion done;
    private int left;
    private @Nullable DeviceException first;

    Parts(int count, Completion done) {
        this.left = count;
        this.done = done;
    }

    @Override
    public void done(@Nullable DeviceException failure) {
        if (first == null) {
            first = failure;
        }
        if (--left == 0) {
            done.done(first);
        }
    }
}
