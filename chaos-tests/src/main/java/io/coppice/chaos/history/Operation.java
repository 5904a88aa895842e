package io.coppice.chaos.history;

import io.coppice.chaos.history.Event.Type;
import org.jspecify.annotations.Nullable;

/// An invocation and what became of it.
///
/// @param start nanoseconds
/// @param end [#NEVER] when nobody was told
/// @param type [Type#INFO] also when the history ends before it did
public record Operation(
        int process,
        String f,
        String key,
        long value,
        long @Nullable [] values,
        long start,
        long end,
        Type type,
        @Nullable String error) {
    public static final long NEVER = Long.MAX_VALUE;

    static Operation of(Event invoked, @Nullable Event ended) {
        if (ended == null || ended.type() == Type.INFO) {
            return new Operation(
                    invoked.process(),
                    invoked.f(),
                    invoked.key(),
                    invoked.value(),
                    invoked.values(),
                    invoked.nanos(),
                    NEVER,
                    Type.INFO,
                    ended == null ? "the client ended" : ended.error());
        }
        return new Operation(
                invoked.process(),
                invoked.f(),
                invoked.key(),
                ended.value(),
                ended.values(),
                invoked.nanos(),
                ended.nanos(),
                ended.type(),
                ended.error());
    }

    public boolean ok() {
        return type == Type.OK;
    }

    /// It certainly has not happened.
    public boolean failed() {
        return type == Type.FAIL;
    }
}
