package io.coppice.metadata.core;

import org.jspecify.annotations.Nullable;

/// What clones and projects hold, as the leader has the stores count it, and what follows from it.
final class Accounting {
    private final Tables tables;

    Accounting(Tables tables) {
        this.tables = tables;
    }

    Outcome record(Command.RecordUsage command, long now) {
        if (!tables.understands(2)) {
            return Refusals.upgrading();
        }
        for (Command.ProjectBytes counted : command.projects()) {
            Project project = tables.projects.get(counted.project());
            if (project != null && project.quota().ownBytes() > 0) {
                tables.owned.put(project.name(), Math.max(0, counted.ownBytes()));
            }
        }
        int told = 0;
        for (Command.CloneBytes counted : command.clones()) {
            Volume volume = tables.volumes.get(counted.volume());
            if (volume != null && volume.isClone() && !volume.inTrash()) {
                told += record(volume, counted, now);
            }
        }
        return new Outcome.DueDone(told, java.util.List.of(), false);
    }

    /// @return 1: it is told of
    private int record(Volume volume, Command.CloneBytes counted, long now) {
        Holdings before = of(tables, volume.id());
        Holdings after = before;
        if (before.isNews(counted.mappedBytes(), counted.ownBytes(), now)) {
            after = after.with(new Holding(now, counted.mappedBytes(), counted.ownBytes()));
        }
        Policy policy = tables.policyOf(volume);
        boolean diverges = diverges(policy, counted.mappedBytes(), counted.ownBytes());
        boolean newly = diverges && before.divergedMillis() == 0;
        if (newly || !diverges) {
            after = after.diverged(diverges ? now : 0);
        }
        tables.holdings.put(volume.id(), after);
        if (!newly || policy == null) {
            return 0;
        }
        String detail =
                counted.ownBytes()
                        + " of "
                        + counted.mappedBytes()
                        + " bytes are its own: policy "
                        + policy.name()
                        + " tells from "
                        + policy.divergencePercent()
                        + " percent on";
        tables.audit.tell(now, "", "", "divergence alert", volume.name(), detail, "");
        return 1;
    }

    private static boolean diverges(@Nullable Policy policy, long mapped, long own) {
        return policy != null
                && policy.divergencePercent() > 0
                && own > 0
                && (double) own * 100 >= (double) mapped * policy.divergencePercent();
    }

    /// Whether recording a count of this clone would change anything.
    static boolean isNews(Tables tables, Volume volume, long mapped, long own, long now) {
        Holdings known = of(tables, volume.id());
        boolean diverges = diverges(tables.policyOf(volume), mapped, own);
        return known.isNews(mapped, own, now) || diverges != (known.divergedMillis() != 0);
    }

    static Holdings of(Tables tables, long volume) {
        Holdings known = tables.holdings.get(volume);
        return known == null ? Holdings.NONE : known;
    }
}
