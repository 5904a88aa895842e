package io.coppice.bench.report;

import java.util.Locale;

/// When a write is on disk.
enum Durability {
    /// At the next flush, as with a disk: the default.
    FLUSH,
    /// Before it is acknowledged.
    ALWAYS;

    /// As options and reports spell it.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
