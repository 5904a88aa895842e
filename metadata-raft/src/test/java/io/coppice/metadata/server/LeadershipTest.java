package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.coppice.metadata.core.Command;
import io.coppice.wire.pb.Code;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    /// Once failed (seed 3954): a cut that had waited since before a change of the leader, and
    /// back, was committed; its seal had been told to no node, because those of then were gone.
    @Test
    void whatBeganInALeadershipThatIsOverIsNotCommittedInTheNextOne() {
        var quorum = new AtOnceQuorum();
        Leadership leadership = quorum.leadership();
        leadership.submit(new Command.OpenSession(1, "client", false)).join();
        assertEquals(1, quorum.logIndex());
        leadership.close();
        var late =
                assertThrows(
                        CompletionException.class,
                        () -> leadership.submit(new Command.RunDue(1)).join());
        assertEquals(
                Code.CODE_NOT_LEADER,
                assertInstanceOf(ControlFailure.class, late.getCause()).code());
        assertEquals(1, quorum.logIndex());
    }
}
