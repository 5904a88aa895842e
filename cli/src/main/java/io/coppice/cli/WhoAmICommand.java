package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.CallerInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.WhoAmI;
import picocli.CommandLine.Command;

/// `whoami`
@Command(name = "whoami", description = "As whom the cluster knows you.")
final class WhoAmICommand extends Verb {
    @Override
    ExitCode run() throws Exception {
        CallerInfo caller =
                query(QueryRequest.newBuilder().setWhoAmI(WhoAmI.getDefaultInstance())).getCaller();
        output().print(RightsViews.caller(caller), () -> text(caller));
        return ExitCode.DONE;
    }

    private static String text(CallerInfo caller) {
        if (!caller.getAuthenticated()) {
            return caller.getName()
                    + "; this cluster authenticates nobody, and everybody may do everything";
        }
        if (!caller.hasPrincipal()) {
            return caller.getName() + "; no principal of this cluster, which may do nothing";
        }
        return new Details()
                .line("name", caller.getName())
                .line("kind", RightsViews.kind(caller.getPrincipal().getKind()))
                .line("teams", String.join(" ", caller.getPrincipal().getTeamsList()))
                .line("everywhere", RightsViews.rights(caller.getRole(), caller.getVerbsList()))
                .toString();
    }
}
