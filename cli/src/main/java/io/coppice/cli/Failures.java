package io.coppice.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// Failures that nobody foresaw, in one line for a person.
final class Failures {
    private Failures() {}

    /// The cause below the wrappers of futures and streams.
    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException
                        || cause instanceof ExecutionException
                        || cause instanceof UncheckedIOException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    static String describe(Throwable failure) {
        Throwable cause = unwrap(failure);
        return switch (cause) {
            case NoSuchFileException missing -> "no such file or directory: " + missing.getFile();
            case AccessDeniedException denied -> "permission denied: " + denied.getFile();
            case FileAlreadyExistsException exists -> "already exists: " + exists.getFile();
            case NotDirectoryException notDirectory -> "not a directory: " + notDirectory.getFile();
            case DirectoryNotEmptyException notEmpty ->
                    "directory is not empty: " + notEmpty.getFile();
            case IOException io -> orName(io.getMessage(), io);
            case InterruptedException interrupted -> "interrupted";
            default -> orName(cause.getMessage(), cause);
        };
    }

    private static String orName(@Nullable String message, Throwable failure) {
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }
}
