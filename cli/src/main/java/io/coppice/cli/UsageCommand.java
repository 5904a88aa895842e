package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.GetUsage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.VolumeInfo;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `usage [NAME [--history]]`, `usage --freed-by NAME...`
@Command(
        name = "usage",
        description = "Show what is provisioned, mapped, own and shared, and what sharing saves.")
final class UsageCommand extends Verb {
    @Parameters(paramLabel = "NAME", arity = "0..1")
    @Nullable String name;

    @Option(
            names = "--history",
            description = "What the clone held over time: hours of a day, days of a month.")
    boolean history;

    @Option(
            names = "--freed-by",
            paramLabel = "SOURCE",
            arity = "1..*",
            description =
                    "What would be free if these volumes (with their snapshots) and snapshots were"
                            + " deleted for good, all of them together.")
    List<String> freedBy = List.of();

    @Override
    ExitCode run() throws Exception {
        if (!freedBy.isEmpty()) {
            return freed();
        }
        var query = GetUsage.newBuilder().setHistory(history);
        if (name != null) {
            query.setName(SourceName.volumeName(name));
        } else if (history) {
            throw new CliException(ExitCode.USAGE, "--history is of one volume: name it");
        }
        Usage usage = query(QueryRequest.newBuilder().setGetUsage(query)).getUsage();
        output().print(view(usage), () -> text(usage));
        return ExitCode.DONE;
    }

    private ExitCode freed() throws Exception {
        if (name != null || history) {
            throw new CliException(
                    ExitCode.USAGE, "--freed-by goes with the names that follow it, and no others");
        }
        List<SourceName> names = freedBy.stream().map(SourceName::parse).toList();
        var query = GetUsage.newBuilder();
        names.forEach(each -> query.addFreedBy(each.toProto()));
        Usage usage = query(QueryRequest.newBuilder().setGetUsage(query)).getUsage();
        output().print(UsageViews.freed(names, usage), () -> UsageViews.freedText(usage));
        return ExitCode.DONE;
    }

    private Map<String, Object> view(Usage usage) {
        if (name == null) {
            return Views.usage(usage);
        }
        VolumeInfo volume = VolumeCommands.only(usage.getVolumesList(), name);
        Map<String, Object> view = new LinkedHashMap<>(Views.volumeUsage(volume));
        Views.usage(usage).forEach(view::putIfAbsent);
        view.remove("volumes");
        if (history) {
            view.put("history", UsageViews.history(usage));
        }
        return view;
    }

    private String text(Usage usage) {
        if (name != null && history) {
            VolumeInfo volume = VolumeCommands.only(usage.getVolumesList(), name);
            return UsageViews.historyText(usage, volume);
        }
        Table table =
                new Table("NAME", "PROVISIONED", "MAPPED", "OWN", "SHARED", "DIVERGENCE", "ORIGIN");
        usage.getVolumesList().stream()
                .sorted(Comparator.comparing(VolumeInfo::getName))
                .forEach(volume ->
                        table.row(
                                volume.getName(),
                                Sizes.show(volume.getSize()),
                                Sizes.show(volume.getMappedBytes()),
                                Sizes.show(volume.getOwnBytes()),
                                Sizes.show(volume.getSharedBytes()),
                                Views.percent(volume.getDivergence()) + " %",
                                volume.getOrigin().isEmpty() ? "-" : volume.getOrigin()));
        if (name != null) {
            return table.toString();
        }
        String cluster =
                new Details()
                        .line("provisioned", Sizes.show(usage.getProvisionedBytes()))
                        .line("logical", Sizes.show(usage.getLogicalBytes()))
                        .line(
                                "stored",
                                Sizes.show(usage.getStoredBytes())
                                        + " (after sharing, before replication)")
                        .line(
                                "raw",
                                Sizes.show(usage.getRawBytes()) + " (on the stores, all replicas)")
                        .line(
                                "savings",
                                String.format(Locale.ROOT, "%.2f x", usage.getSavingsRatio()))
                        .toString();
        return table + "\n\n" + cluster;
    }
}
