package io.coppice.cli;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// Waits for asynchronous work; its failure is thrown as what it was.
final class Waiting {
    private Waiting() {}

    static <T> T on(CompletableFuture<T> future) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            Throwable cause = Failures.unwrap(failed);
            throw cause instanceof IOException io
                    ? io
                    : new IOException(Failures.describe(cause), cause);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }
}
