package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.DiffExtent;
import io.coppice.wire.pb.GetDiff;
import io.coppice.wire.pb.QueryRequest;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `diff SOURCE SOURCE`: changed extents, from the maps alone, so in whole chunks.
@Command(
        name = "diff",
        description = "List extents that differ between two sources, from the maps alone.")
final class DiffCommand extends Verb {
    @Parameters(paramLabel = "FROM", index = "0", description = "VOLUME or VOLUME@SNAPSHOT.")
    String from = "";

    @Parameters(paramLabel = "TO", index = "1", description = "VOLUME or VOLUME@SNAPSHOT.")
    String to = "";

    @Override
    ExitCode run() throws Exception {
        List<DiffExtent> extents = extents(control(), SourceName.parse(from), SourceName.parse(to));
        output().print(Views.each(extents, Views::extent), () -> table(extents));
        return ExitCode.DONE;
    }

    /// In the order of offsets.
    static List<DiffExtent> extents(ControlClient control, SourceName from, SourceName to)
            throws ControlException {
        var query = GetDiff.newBuilder().setFrom(from.toProto()).setTo(to.toProto());
        List<DiffExtent> extents = new ArrayList<>();
        control.stream(
                QueryRequest.newBuilder().setGetDiff(query).build(),
                page -> extents.addAll(page.getDiffList()));
        return extents;
    }

    private static String table(List<DiffExtent> extents) {
        Table table = new Table("OFFSET", "LENGTH", "KIND");
        long changed = 0;
        for (DiffExtent extent : extents) {
            table.row(extent.getOffset(), extent.getLength(), extent.getZero() ? "zero" : "data");
            changed += extent.getLength();
        }
        return extents.isEmpty()
                ? "no difference"
                : table + "\n\n" + extents.size() + " extents, " + Sizes.show(changed);
    }
}
