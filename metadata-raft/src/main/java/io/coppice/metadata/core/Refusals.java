package io.coppice.metadata.core;

import io.coppice.model.Blocks;
import io.coppice.model.Names;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What users are told, where more than one command tells it.
final class Refusals {
    static final int LABELS_MAX = 64;
    static final int LABEL_CHARS_MAX = 1024;

    private Refusals() {}

    static Outcome.Refused refuse(Refusal code, String message) {
        return new Outcome.Refused(code, message);
    }

    static Outcome.Refused notInitialized() {
        return refuse(
                Refusal.UNAVAILABLE, "the cluster is not initialised yet: it waits for its nodes");
    }

    static Outcome.Refused upgrading() {
        return refuse(
                Refusal.UNAVAILABLE,
                "not all metadata servers of the cluster know this yet: they are being upgraded");
    }

    static Outcome.Refused noVolume(String name) {
        return refuse(Refusal.NOT_FOUND, "no volume " + shown(name));
    }

    static Outcome.Refused noSnapshot(String volume, String snapshot) {
        return refuse(Refusal.NOT_FOUND, "no snapshot " + volume + "@" + shown(snapshot));
    }

    static Outcome.Refused noPolicy(String name) {
        return refuse(Refusal.NOT_FOUND, "no policy " + shown(name));
    }

    static Outcome.Refused noProject(String name) {
        return refuse(Refusal.NOT_FOUND, "no project " + shown(name));
    }

    /// A name as a user may see it: what is no name could hold anything.
    static String shown(String name) {
        return Names.isValid(name) ? name : "of that name";
    }

    static Outcome.@Nullable Refused refuseName(String what, String name) {
        return Names.isValid(name) ? null : refuse(Refusal.BAD_REQUEST, Names.rule(what, name));
    }

    static Outcome.@Nullable Refused refuseSize(long size) {
        if (size <= 0 || size > Blocks.VOLUME_BYTES_MAX || !Blocks.isAligned(size)) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "a volume of "
                            + Long.toUnsignedString(size)
                            + " bytes is not possible: use a multiple of "
                            + Blocks.BLOCK_BYTES
                            + " below 8 EiB");
        }
        return null;
    }

    /// @param now 0: it may lie in the past
    static Outcome.@Nullable Refused refuseExpiry(long expiresMillis, long now) {
        if (expiresMillis < 0) {
            return refuse(Refusal.BAD_REQUEST, "the expiry lies before 1970");
        }
        return expiresMillis != 0 && expiresMillis <= now
                ? refuse(Refusal.BAD_REQUEST, "the expiry lies in the past")
                : null;
    }

    static Outcome.@Nullable Refused refuseLabels(Map<String, String> labels) {
        if (labels.size() > LABELS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "more than " + LABELS_MAX + " labels");
        }
        for (var label : labels.entrySet()) {
            if (label.getKey().isEmpty()
                    || label.getKey().length() > Names.LENGTH_MAX
                    || label.getValue().length() > LABEL_CHARS_MAX) {
                return refuse(
                        Refusal.BAD_REQUEST,
                        "a label's key has 1 to "
                                + Names.LENGTH_MAX
                                + " characters, its value at most "
                                + LABEL_CHARS_MAX);
            }
        }
        return null;
    }
}
