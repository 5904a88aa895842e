package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// One command of the tree: what it needs from the options before it, and a connection to the
/// quorum that is opened on first use and closed when the command ends.
@SuppressWarnings("NullAway.Init") // picocli sets the field before it calls the command
abstract class Verb implements Callable<Integer> {
    @Spec CommandSpec spec;

    private @Nullable ControlClient control;

    abstract ExitCode run() throws Exception;

    @Override
    public final Integer call() throws Exception {
        main().output(); // refuses an unknown format before anything is done
        try {
            return run().number();
        } finally {
            if (control != null) {
                control.close();
            }
        }
    }

    final Main main() {
        return (Main) spec.root().userObject();
    }

    final Output output() {
        return main().output();
    }

    final ControlClient control() {
        if (control == null) {
            control =
                    new ControlClient(
                            main().endpoints(),
                            main().deadline(),
                            main().credentials().orElse(null));
        }
        return control;
    }

    final ExecuteResponse execute(ExecuteRequest.Builder command) throws ControlException {
        return control().execute(command);
    }

    final QueryResponse query(QueryRequest.Builder query) throws ControlException {
        return control().query(query.build());
    }
}
