package io.coppice.metadata.raft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Principal;
import io.coppice.metadata.core.Rights;
import io.coppice.metadata.core.Stamped;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What goes into the log comes out of it.
class LogCodecTest {
    private static void assertKept(Stamped stamped) {
        assertEquals(stamped, LogDecoder.decode(LogEncoder.encode(stamped)));
    }

    @Test
    void commandsAboutRightsAreKept() {
        var caller = new Caller("alice@example.org", "10.0.0.1:5", true);
        for (Command command :
                List.of(
                        new Command.CreatePrincipal("a", Principal.Kind.PERSON),
                        new Command.CreatePrincipal("a", Principal.Kind.SERVICE),
                        new Command.CreatePrincipal("a", Principal.Kind.TEAM),
                        new Command.DeletePrincipal("a"),
                        new Command.RenamePrincipal("a", "b"),
                        new Command.ChangeTeam("t", "a", true),
                        new Command.ChangeTeam("t", "a", false),
                        new Command.ChangeGrant("a", "p", "", Rights.EDITOR, false),
                        new Command.ChangeGrant("a", "", "v", Rights.NONE, true))) {
            assertKept(new Stamped(1, 2, 1, 3, caller, command));
        }
    }

    @Test
    void whoAskedIsKept() {
        for (Caller caller :
                List.of(
                        Caller.LEADER,
                        new Caller("a", "", true),
                        new Caller("a@b", "", true),
                        new Caller("a@b", "h:1", false),
                        new Caller("a", "[::1]:7", true))) {
            assertKept(new Stamped(1, 2, 1, 3, caller, new Command.ReapStep(1)));
        }
    }
}
