package io.coppice.nbd;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/// What can be exported, and to whom. Thread-safe; never blocks. Futures fail with
/// [ExportException].
interface Exports {
    /// Names to show in a listing; more may be opened.
    CompletableFuture<List<String>> list(ClientIdentity client);

    /// Looks at an export without opening it: nobody else's use of it is touched.
    CompletableFuture<Description> describe(String name, ClientIdentity client);

    CompletableFuture<ExportDevice> open(String name, ClientIdentity client);

    /// Whether the name means what `device` was opened as: it may have been given to another volume
    /// since.
    CompletableFuture<Boolean> isStill(String name, ExportDevice device);

    /// What can be said of an export from outside.
    record Description(long size, boolean readOnly) {}
}
