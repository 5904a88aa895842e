package io.coppice.metadata.core;

import org.jspecify.annotations.Nullable;

/// What projects may have. Commands are done one after the other, so no two of them cross a quota
/// together.
final class Quotas {
    private final Tables tables;

    Quotas(Tables tables) {
        this.tables = tables;
    }

    /// Null: a project may have so many bytes more, none of them a clone's.
    Outcome.@Nullable Refused refuse(String project, long bytes) {
        return refuse(project, bytes, 0, 0);
    }

    /// Null: the volume may be in that project.
    Outcome.@Nullable Refused refuse(String project, Volume volume) {
        return refuse(
                project, volume.size(), volume.isClone() ? 1 : 0, tables.sourceOf(volume.id()));
    }

    /// Null: a project may have so many clones more of that source.
    ///
    /// @param bytes of all of them
    Outcome.@Nullable Refused refuse(String project, long bytes, int clones, long source) {
        Project known = tables.projects.get(project);
        Quota quota = known == null ? Quota.NONE : known.quota();
        Load load = tables.loadOf(project);
        if (isOver(load.provisionedBytes(), bytes, quota.provisionedBytes())) {
            return over(project, "bytes provisioned", load.provisionedBytes(), bytes, quota);
        }
        if (isOver(load.clones(), clones, quota.clones())) {
            return over(project, "clones", load.clones(), clones, quota);
        }
        int siblings = tables.clonesOf(project, source);
        return isOver(siblings, clones, quota.clonesPerSource())
                ? over(project, "clones of one source", siblings, clones, quota)
                : null;
    }

    /// Null: a project may have more bytes of its own. How many they are the stores count now and
    /// then, so what is written between two counts may be above.
    Outcome.@Nullable Refused refuseOwn(String project) {
        Project known = tables.projects.get(project);
        Long own = known == null ? null : tables.owned.get(project);
        if (known == null || own == null || own < known.quota().ownBytes()) {
            return null;
        }
        return Refusals.refuse(
                Refusal.NO_SPACE,
                "project "
                        + project
                        + " has "
                        + own
                        + " bytes of its own, and its quota is "
                        + known.quota().ownBytes()
                        + ": delete some for good, or use 'quota set'");
    }

    private static boolean isOver(long has, long more, long most) {
        return most > 0 && more > 0 && (has > most || more > most - has);
    }

    private static Outcome.Refused over(
            String project, String what, long has, long more, Quota quota) {
        return Refusals.refuse(
                Refusal.NO_SPACE,
                "project "
                        + project
                        + " has "
                        + has
                        + " "
                        + what
                        + ", and "
                        + more
                        + " more are above its quota ("
                        + quota.text()
                        + "): delete some, or use 'quota set'");
    }
}
