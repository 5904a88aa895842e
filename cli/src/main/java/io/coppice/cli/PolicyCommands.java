package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.DeletePolicy;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListPolicies;
import io.coppice.wire.pb.PlanLifecycle;
import io.coppice.wire.pb.PlannedAction;
import io.coppice.wire.pb.Policy;
import io.coppice.wire.pb.PutPolicy;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.Schedule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `policy ...`
@Command(
        name = "policy",
        description = "What happens to volumes by itself: snapshots, the end of unused clones.",
        subcommands = {
            PolicyCommands.Set.class,
            PolicyCommands.Ls.class,
            PolicyCommands.Remove.class,
            PolicyCommands.Plan.class,
            OrphansCommand.class
        })
final class PolicyCommands extends Noun {
    private static final int MINUTES_A_DAY = 24 * 60;
    private static final Pattern CLOCK = Pattern.compile("([01][0-9]|2[0-3]):([0-5][0-9])");
    private static final Pattern EVERY =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*)=([0-9a-z]+)/([0-9]{1,4})");

    /// 1970 began on a Thursday; weeks begin on Mondays.
    private static final Duration MONDAY = Duration.ofDays(4);

    private static List<Policy> all(Verb verb) throws Exception {
        return verb.query(
                        QueryRequest.newBuilder()
                                .setListPolicies(ListPolicies.getDefaultInstance()))
                .getPoliciesList();
    }

    @Command(name = "set", description = "Make a policy, or replace it. Times are UTC.")
    static final class Set extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(
                names = "--hourly",
                paramLabel = "KEEP",
                description = "A snapshot every hour; the newest KEEP stay.")
        int hourly;

        @Option(names = "--daily", paramLabel = "KEEP", description = "A snapshot every day.")
        int daily;

        @Option(names = "--weekly", paramLabel = "KEEP", description = "One every Monday.")
        int weekly;

        @Option(
                names = "--at",
                paramLabel = "HH:MM",
                description = "When the daily and weekly ones are made (00:00).")
        String at = "00:00";

        @Option(
                names = "--every",
                paramLabel = "NAME=DURATION/KEEP",
                description = "Another schedule, such as often=15m/8; may be repeated.")
        List<String> every = List.of();

        @Option(
                names = "--idle",
                paramLabel = "DURATION",
                description = "Clones that nobody attaches for so long end, such as 14d.")
        @Nullable String idle;

        @Option(
                names = "--warn",
                paramLabel = "DURATION",
                description =
                        "It is announced so long before, in 'volume show' and the audit log (1d).")
        @Nullable String warn;

        @Option(
                names = "--idle-end",
                paramLabel = "archive|remove",
                description = "How they end: nobody can attach them, or into the trash (archive).")
        String idleEnd = "archive";

        @Option(
                names = "--ttl-max",
                paramLabel = "DURATION",
                description = "Clones must have an end within it.")
        @Nullable String ttlMax;

        @Option(
                names = "--divergence-alert",
                paramLabel = "PERCENT",
                description = "Clones of which so much is their own are told of, such as 30%%.")
        @Nullable String divergence;

        @Override
        ExitCode run() throws Exception {
            var policy =
                    Policy.newBuilder()
                            .setName(name)
                            .addAllSchedules(schedules())
                            .setIdleMillis(millis(idle))
                            .setWarnMillis(warnMillis())
                            .setIdleRemove(removes())
                            .setTtlMaxMillis(millis(ttlMax))
                            .setDivergencePercent(percent(divergence));
            var command = PutPolicy.newBuilder().setPolicy(policy);
            Policy made = execute(ExecuteRequest.newBuilder().setPutPolicy(command)).getPolicy();
            output().done(
                            GovernanceViews.policy(made),
                            () -> name + ": " + GovernanceViews.text(made));
            return ExitCode.DONE;
        }

        private static long millis(@Nullable String duration) {
            return duration == null ? 0 : Durations.parse(duration).toMillis();
        }

        private static int percent(@Nullable String text) {
            if (text == null) {
                return 0;
            }
            if (!text.matches("([1-9][0-9]?|100)%?")) {
                throw new CliException(
                        ExitCode.USAGE,
                        "--divergence-alert must be 1% to 100%, not '" + text + "'");
            }
            return Integer.parseInt(text.replace("%", ""));
        }

        /// What ends because nobody uses it is announced, a day before if nothing else was said.
        private long warnMillis() {
            return warn == null
                    ? Math.min(millis(idle) / 2, Duration.ofDays(1).toMillis())
                    : millis(warn);
        }

        private boolean removes() {
            return switch (idleEnd) {
                case "archive" -> false;
                case "remove" -> true;
                default ->
                        throw new CliException(
                                ExitCode.USAGE, "--idle-end must be archive or remove");
            };
        }

        private List<Schedule> schedules() {
            if (hourly < 0 || daily < 0 || weekly < 0) {
                throw new CliException(ExitCode.USAGE, "KEEP must be a positive number");
            }
            Duration clock = Duration.ofMinutes(minutes(at));
            var schedules = new ArrayList<Schedule>();
            if (hourly > 0) {
                schedules.add(schedule("hourly", Duration.ofHours(1), Duration.ZERO, hourly));
            }
            if (daily > 0) {
                schedules.add(schedule("daily", Duration.ofDays(1), clock, daily));
            }
            if (weekly > 0) {
                schedules.add(schedule("weekly", Duration.ofDays(7), MONDAY.plus(clock), weekly));
            }
            for (String text : every) {
                Matcher matcher = EVERY.matcher(text);
                if (!matcher.matches()) {
                    throw new CliException(
                            ExitCode.USAGE,
                            "invalid schedule '" + text + "': write NAME=DURATION/KEEP");
                }
                schedules.add(
                        schedule(
                                matcher.group(1),
                                Durations.parse(matcher.group(2)),
                                Duration.ZERO,
                                Integer.parseInt(matcher.group(3))));
            }
            return schedules;
        }

        private static long minutes(String text) {
            Matcher matcher = CLOCK.matcher(text);
            if (!matcher.matches()) {
                throw new CliException(ExitCode.USAGE, "--at must be HH:MM, not '" + text + "'");
            }
            long minutes = Long.parseLong(matcher.group(1)) * 60 + Long.parseLong(matcher.group(2));
            return minutes % MINUTES_A_DAY;
        }

        private static Schedule schedule(String name, Duration every, Duration offset, int keep) {
            return Schedule.newBuilder()
                    .setName(name)
                    .setEveryMillis(every.toMillis())
                    .setOffsetMillis(offset.toMillis())
                    .setKeep(keep)
                    .build();
        }
    }

    @Command(name = "ls", description = "List policies.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<Policy> policies = all(this);
            output().print(
                            Views.each(policies, GovernanceViews::policy),
                            () -> {
                                Table table = new Table("NAME", "WHAT HAPPENS");
                                policies.forEach(policy ->
                                        table.row(policy.getName(), GovernanceViews.text(policy)));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(name = "rm", description = "Delete a policy that nothing follows.")
    static final class Remove extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            var command = DeletePolicy.newBuilder().setName(name);
            execute(ExecuteRequest.newBuilder().setDeletePolicy(command));
            output().done(Map.of("name", name, "state", "deleted"), () -> "deleted " + name);
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "plan",
            description = "What will happen by itself, if nobody does anything; changes nothing.")
    static final class Plan extends Verb {
        @Option(
                names = "--within",
                paramLabel = "DURATION",
                description = "From now on, such as 7d (24h).")
        String within = "24h";

        @Override
        ExitCode run() throws Exception {
            long until = Instant.now().plus(Durations.parse(within)).toEpochMilli();
            var query = PlanLifecycle.newBuilder().setUntilMillis(until);
            List<PlannedAction> planned =
                    query(QueryRequest.newBuilder().setPlanLifecycle(query)).getPlannedList();
            output().print(
                            Views.each(planned, GovernanceViews::planned),
                            () -> {
                                Table table = new Table("WHEN", "WHAT", "TO");
                                planned.forEach(each ->
                                        table.row(
                                                Times.show(each.getMillis()),
                                                each.getAction(),
                                                each.getTarget()));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }
}
