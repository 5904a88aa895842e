package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.RotateAccessKey;
import java.util.Map;
import picocli.CommandLine.Command;

/// `key rotate-access`
@Command(
        name = "rotate-access",
        description = {
            "Change the key that vouches for clients towards the storage nodes.",
            "What was given out before the last change is worth nothing then; clients get anew what"
                    + " they still may. Twice: so is all that was given out until now."
        })
final class RotateAccessCommand extends Verb {
    @Override
    ExitCode run() throws Exception {
        execute(ExecuteRequest.newBuilder().setRotateAccessKey(RotateAccessKey.newBuilder()));
        output().done(Map.of("rotated", true), () -> "the access key is changed");
        return ExitCode.DONE;
    }
}
