package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.model.AuditHash;
import io.coppice.wire.pb.AuditRecord;
import io.coppice.wire.pb.AuditState;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.ReadAudit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `audit ...`
@Command(
        name = "audit",
        description = "Who did what, when, from where, and what was refused.",
        subcommands = {AuditCommands.Log.class, AuditCommands.Verify.class})
final class AuditCommands extends Noun {
    private static final int PAGE = 500;

    private static QueryResponse page(Verb verb, long from, int limit) throws Exception {
        var query = ReadAudit.newBuilder().setFrom(from).setLimit(limit);
        return verb.query(QueryRequest.newBuilder().setReadAudit(query));
    }

    @Command(
            name = "log",
            description = "Print the audit log; with -o json one JSON object a line.")
    static final class Log extends Verb {
        private static final long LOOK_MILLIS = 500;

        @Option(
                names = "--from",
                paramLabel = "NUMBER",
                description = "Begin with this entry (the oldest that is kept).")
        long from = 1;

        @Option(names = "--last", paramLabel = "N", description = "Begin with the last N entries.")
        int last;

        @Option(names = "--follow", description = "Go on with new entries until Ctrl-C.")
        boolean follow;

        @Override
        ExitCode run() throws Exception {
            if (from < 1 || last < 0) {
                throw new CliException(ExitCode.USAGE, "--from and --last must be positive");
            }
            long next = from;
            if (last > 0) {
                AuditState state = page(this, Long.MAX_VALUE, 1).getAuditState();
                next = Math.max(from, state.getNext() - last);
            }
            while (true) {
                List<AuditRecord> records = page(this, next, PAGE).getAuditList();
                for (AuditRecord record : records) {
                    output().line(GovernanceViews.audit(record), () -> text(record));
                    next = record.getNumber() + 1;
                }
                if (records.size() < PAGE && !follow) {
                    return ExitCode.DONE;
                }
                if (records.isEmpty()) {
                    TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                }
            }
        }

        private static String text(AuditRecord record) {
            String who = record.getPrincipal().isEmpty() ? "coppice" : record.getPrincipal();
            String where = record.getFrom().isEmpty() ? "" : " (" + record.getFrom() + ")";
            String detail = record.getDetail().isEmpty() ? "" : " " + record.getDetail().strip();
            String refusal =
                    record.getRefusal().isEmpty() ? "" : " - REFUSED: " + record.getRefusal();
            String line =
                    record.getNumber()
                            + "  "
                            + Times.show(record.getMillis())
                            + "  "
                            + who
                            + where
                            + ": "
                            + record.getAction()
                            + " "
                            + record.getTarget()
                            + detail
                            + refusal;
            // Whoever is refused may have chosen the words.
            return line.replaceAll("\\p{C}", "?");
        }
    }

    @Command(
            name = "verify",
            description =
                    "Recompute the chain of hashes; exit code 0 only when nothing was changed.")
    static final class Verify extends Verb {
        @Option(
                names = "--after",
                paramLabel = "NUMBER:HASH",
                description =
                        "Begin after this entry, as an earlier call gave it: so nobody can have"
                                + " written the whole log anew.")
        @Nullable String after;

        private static long number(String after) {
            if (!after.matches("[0-9]{1,18}:[0-9a-f]{64}")) {
                throw new CliException(ExitCode.USAGE, "--after must be NUMBER:HASH");
            }
            return Long.parseLong(after.substring(0, after.indexOf(':')));
        }

        @Override
        ExitCode run() throws Exception {
            AuditState state = page(this, Long.MAX_VALUE, 1).getAuditState();
            String hash =
                    after == null ? state.getBefore() : after.substring(after.indexOf(':') + 1);
            long first = after == null ? state.getFirst() : number(after) + 1;
            long next = first;
            while (next < state.getNext()) {
                QueryResponse page = page(this, next, PAGE);
                if (page.getAuditState().getFirst() > next) {
                    throw new CliException(
                            ExitCode.FAILED,
                            "entries from "
                                    + next
                                    + " on were dropped to make room, before or while they were"
                                    + " checked: try again, without --after");
                }
                for (AuditRecord record : page.getAuditList()) {
                    hash = checked(record, next, hash);
                    next++;
                }
                if (page.getAuditList().isEmpty()) {
                    throw new CliException(
                            ExitCode.FAILED, "entries from " + next + " on are missing");
                }
                state = page.getAuditState();
            }
            if (next != state.getNext() || !hash.equals(state.getHead())) {
                throw new CliException(
                        ExitCode.FAILED, "the last entry is not the one that was written last");
            }
            String head = (next - 1) + ":" + hash;
            long checked = next - first;
            Map<String, Object> view = new LinkedHashMap<>();
            view.put("clean", true);
            view.put("entries", checked);
            view.put("first", first);
            view.put("head", head);
            output().done(
                            view,
                            () ->
                                    checked
                                            + " entries are as they were written; the last one is "
                                            + head);
            return ExitCode.DONE;
        }

        private static String checked(AuditRecord record, long number, String before) {
            String must =
                    AuditHash.of(
                            before,
                            record.getNumber(),
                            record.getMillis(),
                            record.getPrincipal(),
                            record.getFrom(),
                            record.getAction(),
                            record.getTarget(),
                            record.getDetail(),
                            record.getRefusal());
            if (record.getNumber() != number || !record.getHash().equals(must)) {
                throw new CliException(
                        ExitCode.FAILED,
                        "the audit log was changed at entry "
                                + number
                                + ": its hash must be "
                                + must
                                + " and is "
                                + record.getHash());
            }
            return must;
        }
    }
}
