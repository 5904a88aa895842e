package io.coppice.chaos.client;

import io.coppice.chaos.history.Event;
import io.coppice.chaos.history.Event.Type;
import io.coppice.chaos.history.HistoryWriter;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Writes down what one worker does: before it is done, and what became of it. A worker whose
/// operation has no known end goes on as another process, since a process does one thing at a time.
/// One thread.
public final class Recorder {
    /// Numbers of processes that follow one another at one worker are so far apart.
    public static final int PROCESS_STEP = 100_000;

    /// Something to do, with what it gave.
    @FunctionalInterface
    public interface Call {
        long run() throws IOException;
    }

    /// Something to do that gives many values.
    @FunctionalInterface
    public interface ManyCall {
        long[] run() throws IOException;
    }

    /// How it ended.
    ///
    /// @param failure null: well
    public record Outcome(long value, @Nullable IOException failure) {
        public boolean ok() {
            return failure == null;
        }
    }

    private final HistoryWriter history;
    private int process;

    /// @param process below [#PROCESS_STEP], no other worker's
    public Recorder(HistoryWriter history, int process) {
        this.history = history;
        this.process = process;
    }

    /// Of what changes nothing: when it fails, nothing has happened.
    public Outcome harmless(String f, String key, Call call) {
        return run(Event.invoke(System.nanoTime(), process, f, key, 0), true, call);
    }

    /// Of what changes something: when it fails, nobody knows whether it has.
    public Outcome change(String f, String key, long value, Call call) {
        return run(Event.invoke(System.nanoTime(), process, f, key, value), false, call);
    }

    private Outcome run(Event invoked, boolean harmless, Call call) {
        write(invoked);
        try {
            long value = call.run();
            write(invoked.ended(System.nanoTime(), Type.OK, value, null));
            return new Outcome(value, null);
        } catch (IOException failed) {
            failed(invoked, harmless, failed);
            return new Outcome(0, failed);
        }
    }

    /// As [#harmless], of many values; null: it failed.
    public long @Nullable [] many(String f, String key, ManyCall call) {
        Event invoked = Event.invoke(System.nanoTime(), process, f, key, 0);
        write(invoked);
        try {
            long[] values = call.run();
            write(invoked.ended(System.nanoTime(), values));
            return values;
        } catch (IOException failed) {
            failed(invoked, true, failed);
            return null;
        }
    }

    private void failed(Event invoked, boolean harmless, IOException failure) {
        Type type = harmless ? Type.FAIL : Type.INFO;
        String why = String.valueOf(failure.getMessage());
        write(invoked.ended(System.nanoTime(), type, invoked.value(), why));
        if (!harmless) {
            process += PROCESS_STEP;
        }
    }

    /// What is not written down was not tested: the client ends.
    private void write(Event event) {
        try {
            history.write(event);
        } catch (IOException failed) {
            throw new IllegalStateException("the history cannot be written", failed);
        }
    }
}
