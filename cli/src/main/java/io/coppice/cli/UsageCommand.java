package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.GetUsage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.VolumeInfo;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `usage [NAME]`
@Command(
        name = "usage",
        description = "Show what is provisioned, mapped, own and shared, and what sharing saves.")
final class UsageCommand extends Verb {
    @Parameters(paramLabel = "NAME", arity = "0..1")
    @Nullable String name;

    @Override
    ExitCode run() throws Exception {
        var query = GetUsage.newBuilder();
        if (name != null) {
            query.setName(SourceName.volumeName(name));
        }
        Usage usage = query(QueryRequest.newBuilder().setGetUsage(query)).getUsage();
        output().print(view(usage), () -> text(usage));
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
        return view;
    }

    private String text(Usage usage) {
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
