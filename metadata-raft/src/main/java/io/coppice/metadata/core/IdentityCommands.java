package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import java.util.regex.Pattern;

/// Whose certificates count no more. Each method is one command.
final class IdentityCommands {
    /// More than a day's work of anybody who revokes with reason.
    static final int REVOCATIONS_MAX = 10_000;

    private static final Pattern SERIAL = Pattern.compile("[0-9a-f]{1,64}");

    private final Tables tables;

    IdentityCommands(Tables tables) {
        this.tables = tables;
    }

    /// Revoking again is done already.
    Outcome revoke(Command.RevokeCertificate command, long now) {
        if (!SERIAL.matcher(command.serial()).matches()) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "the serial number of a certificate is 1 to 64 lower-case hexadecimal digits");
        }
        if (command.name().length() > AuditLog.NAME_CHARS_MAX || command.untilMillis() < 0) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "a certificate's name has at most "
                            + AuditLog.NAME_CHARS_MAX
                            + " characters, and its end is not before 1970");
        }
        if (tables.revocations.contains(command.serial())) {
            return Outcome.Nothing.INSTANCE;
        }
        for (Revocation old : tables.revocations.values()) {
            if (old.untilMillis() != 0 && old.untilMillis() < now) {
                tables.revocations.remove(old.serial());
            }
        }
        if (tables.revocations.size() >= REVOCATIONS_MAX) {
            return refuse(
                    Refusal.NO_SPACE,
                    "more than "
                            + REVOCATIONS_MAX
                            + " revoked certificates that have not ended: replace the authority");
        }
        tables.revocations.put(
                command.serial(),
                new Revocation(command.serial(), command.name(), command.untilMillis(), now));
        return Outcome.Nothing.INSTANCE;
    }
}
