package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.AttachmentInfo;
import io.coppice.wire.pb.BreakAttachment;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListAttachments;
import io.coppice.wire.pb.QueryRequest;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `attachment ...`
@Command(
        name = "attachment",
        description = "See who uses what, and take over safely.",
        subcommands = {AttachmentCommands.Ls.class, AttachmentCommands.Break.class})
final class AttachmentCommands extends Noun {

    @Command(name = "ls", description = "List attachments.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<AttachmentInfo> attachments =
                    query(
                                    QueryRequest.newBuilder()
                                            .setListAttachments(
                                                    ListAttachments.getDefaultInstance()))
                            .getAttachmentsList();
            output().print(
                            Views.each(attachments, Views::attachment),
                            () -> {
                                Table table =
                                        new Table(
                                                "VOLUME", "CLIENT", "FENCE", "SINCE", "CONNECTED");
                                attachments.forEach(attachment ->
                                        table.row(
                                                attachment.getVolume(),
                                                attachment.getClient(),
                                                attachment.getFence(),
                                                Times.show(attachment.getSinceMillis()),
                                                attachment.getConnected() ? "yes" : "no"));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "break",
            description = "End a volume's attachment; its client can never write again with it.")
    static final class Break extends Verb {
        @Parameters(paramLabel = "VOLUME")
        String volume = "";

        @Override
        ExitCode run() throws Exception {
            var command = BreakAttachment.newBuilder().setVolume(SourceName.volumeName(volume));
            execute(ExecuteRequest.newBuilder().setBreakAttachment(command));
            output().done(
                            Map.of("volume", volume, "attached", false),
                            () ->
                                    "broke the attachment of "
                                            + volume
                                            + "; it may be attached again");
            return ExitCode.DONE;
        }
    }
}
