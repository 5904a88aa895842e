package io.coppice.nbd;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/// What can be exported. Thread-safe; never blocks. Futures fail with [ExportException].
interface Exports {
    /// Names to show in a listing; more may be opened.
    CompletableFuture<List<String>> list();

    /// Looks at an export without opening it: nobody else's use of it is touched.
    CompletableFuture<Description> describe(String name);

    CompletableFuture<ExportDevice> open(String name);

    /// What can be said of an export from outside.
    record Description(long size, boolean readOnly) {}
}
