package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.model.Names;
import io.coppice.wire.pb.SnapshotName;
import java.util.Optional;

/// `VOLUME` or `VOLUME@SNAPSHOT`, checked.
///
/// @param snapshot empty: the live volume
record SourceName(String volume, Optional<String> snapshot) {

    static SourceName parse(String text) {
        int at = text.indexOf('@');
        if (at < 0) {
            return new SourceName(volumeName(text), Optional.empty());
        }
        return new SourceName(
                volumeName(text.substring(0, at)),
                Optional.of(snapshotName(text.substring(at + 1))));
    }

    static SourceName parseSnapshot(String text) {
        SourceName source = parse(text);
        if (source.snapshot.isEmpty()) {
            throw new CliException(
                    ExitCode.USAGE,
                    "'" + text + "' names a volume, not a snapshot: write VOLUME@SNAPSHOT");
        }
        return source;
    }

    static String volumeName(String text) {
        return checked("volume", text);
    }

    private static String snapshotName(String text) {
        return checked("snapshot", text);
    }

    private static String checked(String what, String text) {
        if (!Names.isValid(text)) {
            throw new CliException(ExitCode.USAGE, Names.rule(what, text));
        }
        return text;
    }

    boolean isSnapshot() {
        return snapshot.isPresent();
    }

    SnapshotName toProto() {
        return SnapshotName.newBuilder().setVolume(volume).setSnapshot(snapshot.orElse("")).build();
    }

    @Override
    public String toString() {
        return snapshot.map(name -> volume + "@" + name).orElse(volume);
    }
}
