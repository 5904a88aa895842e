package io.coppice.client;

import org.jspecify.annotations.Nullable;

/// Hears how one operation ended: called once, on the client's event loop.
@FunctionalInterface
public interface Completion {
    /// `failure` is null when the operation succeeded.
    void done(@Nullable DeviceException failure);
}
