package io.coppice.cli;

import io.coppice.wire.pb.AuditRecord;
import io.coppice.wire.pb.PlannedAction;
import io.coppice.wire.pb.Policy;
import io.coppice.wire.pb.ProjectInfo;
import io.coppice.wire.pb.Schedule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// As [Views], of policies, projects and the audit log.
final class GovernanceViews {
    private GovernanceViews() {}

    static Map<String, Object> policy(Policy policy) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", policy.getName());
        view.put("schedules", Views.each(policy.getSchedulesList(), GovernanceViews::schedule));
        view.put("idle_seconds", policy.getIdleMillis() / 1000);
        view.put("warn_seconds", policy.getWarnMillis() / 1000);
        view.put("idle_end", policy.getIdleRemove() ? "remove" : "archive");
        view.put("ttl_max_seconds", policy.getTtlMaxMillis() / 1000);
        view.put("divergence_alert_percent", orNull(policy.getDivergencePercent()));
        return Views.complete(view);
    }

    private static Map<String, Object> schedule(Schedule schedule) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", schedule.getName());
        view.put("every_seconds", schedule.getEveryMillis() / 1000);
        view.put("offset_seconds", schedule.getOffsetMillis() / 1000);
        view.put("keep", schedule.getKeep());
        return Views.complete(view);
    }

    static Map<String, Object> project(ProjectInfo project) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", project.getName());
        view.put("policy", project.getPolicy().isEmpty() ? null : project.getPolicy());
        view.put("volumes", project.getVolumes());
        view.put("created", Views.time(project.getCreatedMillis()));
        return Views.complete(view);
    }

    static Map<String, Object> quota(ProjectInfo project) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("project", project.getName());
        view.put("volumes", project.getVolumes());
        view.put("clones", project.getClones());
        view.put("provisioned_bytes", project.getProvisionedBytes());
        view.put("quota_provisioned_bytes", orNull(project.getQuota().getProvisionedBytes()));
        view.put("quota_clones", orNull(project.getQuota().getClones()));
        view.put("quota_clones_per_source", orNull(project.getQuota().getClonesPerSource()));
        view.put("own_bytes", project.hasOwnBytes() ? project.getOwnBytes() : null);
        view.put("quota_own_bytes", orNull(project.getQuota().getOwnBytes()));
        return Views.complete(view);
    }

    /// A limit; null: there is none.
    private static @Nullable Long orNull(long most) {
        return most == 0 ? null : most;
    }

    static Map<String, Object> planned(PlannedAction planned) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("time", Views.time(planned.getMillis()));
        view.put("action", planned.getAction());
        view.put("target", planned.getTarget());
        return Views.complete(view);
    }

    static Map<String, Object> audit(AuditRecord record) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("number", record.getNumber());
        view.put("time", Views.time(record.getMillis()));
        view.put("millis", record.getMillis());
        view.put("principal", record.getPrincipal());
        view.put("from", record.getFrom());
        view.put("action", record.getAction());
        view.put("target", record.getTarget());
        view.put("detail", record.getDetail());
        view.put("refusal", record.getRefusal());
        view.put("hash", record.getHash());
        return Views.complete(view);
    }

    /// In one line for a person.
    static String text(Policy policy) {
        List<String> parts = new ArrayList<>();
        for (Schedule schedule : policy.getSchedulesList()) {
            parts.add(
                    schedule.getName()
                            + " every "
                            + duration(schedule.getEveryMillis())
                            + ", keeps "
                            + schedule.getKeep());
        }
        if (policy.getIdleMillis() > 0) {
            parts.add(
                    (policy.getIdleRemove() ? "removes" : "archives")
                            + " clones unused for "
                            + duration(policy.getIdleMillis())
                            + (policy.getWarnMillis() > 0
                                    ? ", told " + duration(policy.getWarnMillis()) + " before"
                                    : ""));
        }
        if (policy.getTtlMaxMillis() > 0) {
            parts.add("clones end within " + duration(policy.getTtlMaxMillis()));
        }
        if (policy.getDivergencePercent() > 0) {
            parts.add(
                    "tells of clones of which "
                            + policy.getDivergencePercent()
                            + " % or more is their own");
        }
        return parts.isEmpty() ? "nothing" : String.join("; ", parts);
    }

    private static String duration(long millis) {
        return Durations.show(Duration.ofMillis(millis));
    }
}
