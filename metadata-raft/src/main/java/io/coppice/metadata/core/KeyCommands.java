package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import io.coppice.port.Marks;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The keys of encrypted volumes. A volume, its snapshots and its clones have one data key for
/// their whole life, or blocks that they share would be nonsense to one of them; only how it is
/// wrapped changes.
final class KeyCommands {
    private final Tables tables;
    private final VolumeCommands volumes;

    KeyCommands(Tables tables, VolumeCommands volumes) {
        this.tables = tables;
        this.volumes = volumes;
    }

    Outcome rekey(Command.RekeyVolume command) {
        Volume volume = tables.activeVolume(command.name());
        if (volume == null) {
            return Refusals.noVolume(command.name());
        }
        Outcome.Refused refused = refuseKey(command.key(), tables);
        if (refused != null) {
            return refused;
        }
        VolumeKey key = volume.key();
        if (key == null) {
            return notEncrypted(volume);
        }
        if (key.erased()) {
            return erased(volume);
        }
        if (!key.id().equals(command.key().id())) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume "
                            + volume.name()
                            + " is encrypted with another data key: wrap that one, it cannot be"
                            + " exchanged");
        }
        Volume changed = volume.withKey(command.key());
        tables.putVolume(changed);
        return new Outcome.Volumes(List.of(changed));
    }

    Outcome erase(Command.EraseKey command) {
        Volume volume = tables.activeVolume(command.name());
        volume = volume == null ? tables.youngestInTrash(command.name()) : volume;
        if (volume == null) {
            return Refusals.noVolume(command.name());
        }
        VolumeKey key = volume.key();
        if (key == null) {
            return notEncrypted(volume);
        }
        Outcome.Refused refused = volumes.refuseDeletion(volume);
        if (refused != null) {
            return refused;
        }
        if (tables.attachments.contains(volume.id())) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume " + volume.name() + " is attached: its key stays until it is closed");
        }
        Marks.hit("a volume's key was erased");
        Volume changed = volume.withKey(key.erase());
        tables.putVolume(changed);
        return new Outcome.Volumes(List.of(changed));
    }

    private static Outcome.Refused notEncrypted(Volume volume) {
        return refuse(Refusal.BAD_REQUEST, "volume " + volume.name() + " is not encrypted");
    }

    static Outcome.Refused erased(Volume volume) {
        return refuse(
                Refusal.CONFLICT,
                "the key of volume " + volume.name() + " was erased: nobody can read its data");
    }

    /// Null: a volume may have it.
    static Outcome.@Nullable Refused refuseKey(@Nullable VolumeKey key, Tables tables) {
        if (key == null) {
            return null;
        }
        if (!tables.understands(2)) {
            return Refusals.upgrading();
        }
        return key.isWellFormed()
                ? null
                : refuse(Refusal.BAD_REQUEST, "that is no wrapped key of a volume");
    }

    /// Null: nobody is kept from reading the volume for want of its key.
    static Outcome.@Nullable Refused refuseErased(Volume volume) {
        VolumeKey key = volume.key();
        return key != null && key.erased() ? erased(volume) : null;
    }

    /// Null: the volumes may have blocks of each other.
    static Outcome.@Nullable Refused refuseOther(Volume one, Volume other) {
        if (!Objects.equals(dataKey(one), dataKey(other))) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "volumes "
                            + one.name()
                            + " and "
                            + other.name()
                            + " do not have the same data key, so what is in one of them means"
                            + " nothing in the other: copy it with export and import");
        }
        Outcome.Refused refused = refuseErased(one);
        return refused != null ? refused : refuseErased(other);
    }

    private static @Nullable String dataKey(Volume volume) {
        VolumeKey key = volume.key();
        return key == null ? null : key.id();
    }
}
