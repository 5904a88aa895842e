package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.codahale.metrics.MetricRegistry;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataState;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.raft.Quorum;
import io.coppice.metadata.raft.RaftMembership;
import io.coppice.port.Time;
import io.coppice.wire.pb.Code;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    /// Applies at once whatever it is given, as the server's does that leads (again).
    private static final class AtOnce implements Quorum {
        private final MetadataState state = new MetadataState();
        private int submitted;

        @Override
        public CompletableFuture<Outcome> submit(Stamped command) {
            submitted++;
            return CompletableFuture.completedFuture(state.apply(command));
        }

        @Override
        public CompletableFuture<Void> barrier() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletableFuture<Void> confirm() {
            return barrier();
        }

        @Override
        public <T> T read(Function<MetadataView, T> reader) {
            return reader.apply(state.view());
        }

        @Override
        public MetadataCapture capture() {
            return state.capture();
        }

        @Override
        public Optional<Outcome> remembered(long session, long sequence) {
            return Optional.empty();
        }

        @Override
        public Optional<String> leader() {
            return Optional.empty();
        }

        @Override
        public RaftMembership membership() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long logIndex() {
            return submitted;
        }

        @Override
        public long entriesWithFlips() {
            return 0;
        }
    }

    /// Once failed (seed 3954): a cut that had waited since before a change of the leader, and
    /// back, was committed; its seal had been told to no node, because those of then were gone.
    @Test
    void whatBeganInALeadershipThatIsOverIsNotCommittedInTheNextOne() {
        var quorum = new AtOnce();
        var config =
                new MetadataServerConfig(
                        "m1",
                        Path.of("nowhere"),
                        "h:1",
                        "h:2",
                        "h:3",
                        Map.of("m1", "h:1"),
                        Map.of("m1", "h:2"));
        var leadership =
                new Leadership(
                        new Leadership.Ports(
                                quorum,
                                Time.system(),
                                (nanos, task) -> () -> {},
                                Runnable::run,
                                address -> false),
                        config,
                        ServerMetrics.in(new MetricRegistry()));
        leadership.submit(new Command.OpenSession(1, "client", false)).join();
        assertEquals(1, quorum.submitted);
        leadership.close();
        var late =
                assertThrows(
                        CompletionException.class,
                        () -> leadership.submit(new Command.PurgeTrash(1)).join());
        assertEquals(
                Code.CODE_NOT_LEADER,
                assertInstanceOf(ControlFailure.class, late.getCause()).code());
        assertEquals(1, quorum.submitted);
    }
}
