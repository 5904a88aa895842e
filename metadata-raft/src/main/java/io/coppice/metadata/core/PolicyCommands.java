package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Projects and policies. Each method is one command: it checks everything, then changes. A change
/// has all volumes looked at again, a few at a time: see [Lifecycle].
final class PolicyCommands {
    static final int POLICIES_MAX = 1_000;
    static final int PROJECTS_MAX = 10_000;

    private final Tables tables;

    PolicyCommands(Tables tables) {
        this.tables = tables;
    }

    Outcome put(Command.PutPolicy command, long now) {
        Policy policy = command.policy();
        Outcome.Refused refused = refusePolicy(policy);
        if (refused != null) {
            return refused;
        }
        Policy before = tables.policies.get(policy.name());
        if (policy.equals(before)) {
            return new Outcome.PolicyPut(policy);
        }
        if (before != null) {
            forget(before, policy);
        }
        // A schedule begins with its next moment, not with one that is past.
        for (Policy.Rule rule : policy.rules()) {
            var key = new Tables.RunKey(policy.name(), rule.name());
            if (!tables.runs.contains(key)) {
                tables.runs.put(key, new Run(rule.lastDue(now), Long.MAX_VALUE));
            }
        }
        tables.policies.put(policy.name(), policy);
        tables.review = 1;
        return new Outcome.PolicyPut(policy);
    }

    /// What was known of schedules that are no more, or others now.
    private void forget(Policy before, @Nullable Policy after) {
        for (Policy.Rule rule : before.rules()) {
            boolean stays =
                    after != null
                            && after.rules().stream().anyMatch(other -> other.hasMomentsOf(rule));
            if (!stays) {
                tables.runs.remove(new Tables.RunKey(before.name(), rule.name()));
            }
        }
    }

    private Outcome.@Nullable Refused refusePolicy(Policy policy) {
        Outcome.Refused refused = Refusals.refuseName("policy", policy.name());
        if (refused != null) {
            return refused;
        }
        if (!tables.policies.contains(policy.name()) && tables.policies.size() >= POLICIES_MAX) {
            return refuse(Refusal.NO_SPACE, "more than " + POLICIES_MAX + " policies");
        }
        if (policy.rules().size() > Policy.RULES_MAX) {
            return bad("a policy has at most " + Policy.RULES_MAX + " schedules");
        }
        Set<String> names = new HashSet<>();
        for (Policy.Rule rule : policy.rules()) {
            refused = refuseRule(rule);
            if (refused == null && !names.add(rule.name())) {
                refused = bad("schedule " + rule.name() + " is given twice");
            }
            if (refused != null) {
                return refused;
            }
        }
        if (policy.idleMillis() < 0
                || policy.warnMillis() < 0
                || policy.ttlMaxMillis() < 0
                || policy.warnMillis() > policy.idleMillis()) {
            return bad("the times of a policy are not negative, and a warning is before an end");
        }
        if (policy.divergencePercent() < 0 || policy.divergencePercent() > 100) {
            return bad("a divergence is told of from 1 to 100 percent on");
        }
        if (policy.divergencePercent() > 0 && !tables.understands(2)) {
            return Refusals.upgrading();
        }
        if (policy.idleMillis() > 0 && policy.warnMillis() == 0) {
            return bad("what ends because nobody uses it is announced before: use --warn");
        }
        return null;
    }

    private static Outcome.@Nullable Refused refuseRule(Policy.Rule rule) {
        Outcome.Refused refused = Refusals.refuseName("schedule", rule.name());
        if (refused != null) {
            return refused;
        }
        if (rule.name().length() > Policy.Rule.NAME_MAX || rule.name().contains("/")) {
            return bad(
                    "a schedule's name has at most "
                            + Policy.Rule.NAME_MAX
                            + " characters, no '/'");
        }
        if (rule.everyMillis() < Policy.Rule.EVERY_MILLIS_MIN
                || rule.offsetMillis() < 0
                || rule.offsetMillis() >= rule.everyMillis()) {
            return bad(
                    "schedule "
                            + rule.name()
                            + " must be of a minute or longer, and begin within its first round");
        }
        return rule.keep() < 1 || rule.keep() > Policy.Rule.KEEP_MAX
                ? bad(
                        "schedule "
                                + rule.name()
                                + " must keep 1 to "
                                + Policy.Rule.KEEP_MAX
                                + " snapshots")
                : null;
    }

    private static Outcome.Refused bad(String message) {
        return refuse(Refusal.BAD_REQUEST, message);
    }

    Outcome delete(Command.DeletePolicy command) {
        Policy policy = tables.policies.get(command.name());
        if (policy == null) {
            return Refusals.noPolicy(command.name());
        }
        for (Project project : tables.projects.values()) {
            if (project.policy().equals(policy.name())) {
                return inUse("policy " + policy.name(), "project " + project.name() + " has it");
            }
        }
        if (tables.review != 0) {
            return refuse(
                    Refusal.UNAVAILABLE, "who follows which policy is being looked at: retry");
        }
        Volume follower = Lifecycle.firstFollower(tables, policy.name());
        if (follower != null) {
            return inUse("policy " + policy.name(), "volume " + follower.name() + " follows it");
        }
        tables.policies.remove(policy.name());
        forget(policy, null);
        tables.review = 1;
        return Outcome.Nothing.INSTANCE;
    }

    Outcome put(Command.PutProject command, long now) {
        Outcome.Refused refused = Refusals.refuseName("project", command.name());
        if (refused != null) {
            return refused;
        }
        if (!command.policy().isEmpty() && !tables.policies.contains(command.policy())) {
            return Refusals.noPolicy(command.policy());
        }
        Project before = tables.projects.get(command.name());
        if (before == null && tables.projects.size() >= PROJECTS_MAX) {
            return refuse(Refusal.NO_SPACE, "more than " + PROJECTS_MAX + " projects");
        }
        var project =
                new Project(
                        command.name(),
                        command.policy(),
                        before == null ? Quota.NONE : before.quota(),
                        before == null ? now : before.createdMillis());
        tables.projects.put(project.name(), project);
        if (before == null || !before.policy().equals(project.policy())) {
            tables.review = 1;
        }
        return new Outcome.ProjectPut(project);
    }

    /// What is above it already stays.
    Outcome put(Command.PutQuota command, long now) {
        Project before = tables.projects.get(command.project());
        if (before == null && !command.project().equals(Terms.PROJECT)) {
            return Refusals.noProject(command.project());
        }
        Quota quota = command.quota();
        if (quota.provisionedBytes() < 0
                || quota.clones() < 0
                || quota.clonesPerSource() < 0
                || quota.ownBytes() < 0) {
            return bad("a quota is not negative");
        }
        if (quota.ownBytes() > 0 && !tables.understands(2)) {
            return Refusals.upgrading();
        }
        var project =
                new Project(
                        command.project(),
                        before == null ? "" : before.policy(),
                        quota,
                        before == null ? now : before.createdMillis());
        tables.projects.put(project.name(), project);
        if (quota.ownBytes() == 0) {
            tables.owned.remove(project.name()); // nobody counts them any more
        }
        return new Outcome.ProjectPut(project);
    }

    Outcome delete(Command.DeleteProject command) {
        if (!tables.projects.contains(command.name())) {
            return Refusals.noProject(command.name());
        }
        int members = tables.loadOf(command.name()).volumes();
        if (members > 0) {
            return inUse(
                    "project " + command.name(),
                    members + " volumes are in it, counting those in the trash");
        }
        tables.projects.remove(command.name());
        tables.owned.remove(command.name());
        tables.rights.dropGrants(Grant.Scope.ofProject(command.name()));
        return Outcome.Nothing.INSTANCE;
    }

    private static Outcome.Refused inUse(String what, String why) {
        return refuse(Refusal.CONFLICT, what + " is in use: " + why);
    }
}
