package io.coppice.node.lane;

import io.coppice.net.Connection;
import org.jspecify.annotations.Nullable;

/// Which connection a group's primary hears acknowledgements over: the newest one of the newest
/// epoch. What a connection that was given up still brings, or a primary that was replaced, must
/// not draw them away: an acknowledgement that nobody reads is not sent again. Not thread-safe: of
/// the lane.
final class PrimaryLink {
    private @Nullable Connection connection;
    private long epoch;
    private long number;

    /// A frame of a primary in `epoch` came on the accepted connection `number`.
    void heard(Connection from, long number, long epoch) {
        if (epoch > this.epoch || (epoch == this.epoch && number > this.number)) {
            connection = from;
            this.epoch = epoch;
            this.number = number;
        }
    }

    /// Of the newest primary heard.
    long epoch() {
        return epoch;
    }

    /// Null: no primary was heard.
    @Nullable Connection connection() {
        return connection;
    }
}
