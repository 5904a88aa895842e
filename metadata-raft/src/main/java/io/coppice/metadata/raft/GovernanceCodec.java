package io.coppice.metadata.raft;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Policy;
import io.coppice.metadata.core.Quota;
import io.coppice.metadata.core.VolumeKey;
import io.coppice.wire.pb.ChangeSnapshot;
import io.coppice.wire.pb.ChangeVolume;
import io.coppice.wire.pb.CloneBytes;
import io.coppice.wire.pb.LoggedNote;
import io.coppice.wire.pb.LoggedReset;
import io.coppice.wire.pb.LoggedSwap;
import io.coppice.wire.pb.LoggedUsage;
import io.coppice.wire.pb.ProjectBytes;
import io.coppice.wire.pb.PutQuota;
import io.coppice.wire.pb.RekeyVolume;
import io.coppice.wire.pb.Schedule;
import io.coppice.wire.pb.SnapshotName;

/// Commands of governance as messages, both ways: part of [LogEncoder] and [LogDecoder], and of the
/// way in and out of the front door.
public final class GovernanceCodec {
    private GovernanceCodec() {}

    // ------------------------------------------------------------ changes

    static ChangeVolume encode(Command.ChangeVolume c) {
        var change = ChangeVolume.newBuilder().setName(c.name()).putAllLabels(c.labels());
        Long expires = c.expiresMillis();
        Boolean guarded = c.guarded();
        Boolean confined = c.confined();
        Boolean archived = c.archived();
        String policy = c.policy();
        String project = c.project();
        if (expires != null) {
            change.setExpiresMillis(expires);
        }
        if (guarded != null) {
            change.setProtected(guarded);
        }
        if (confined != null) {
            change.setConfined(confined);
        }
        if (archived != null) {
            change.setArchived(archived);
        }
        if (policy != null) {
            change.setPolicy(policy);
        }
        if (project != null) {
            change.setProject(project);
        }
        return change.build();
    }

    public static Command.ChangeVolume decode(ChangeVolume c) {
        return new Command.ChangeVolume(
                c.getName(),
                c.hasExpiresMillis() ? c.getExpiresMillis() : null,
                c.hasProtected() ? c.getProtected() : null,
                c.hasConfined() ? c.getConfined() : null,
                c.hasArchived() ? c.getArchived() : null,
                c.hasPolicy() ? c.getPolicy() : null,
                c.hasProject() ? c.getProject() : null,
                c.getLabelsMap());
    }

    static ChangeSnapshot encode(Command.ChangeSnapshot c) {
        var change =
                ChangeSnapshot.newBuilder()
                        .setSnapshot(
                                SnapshotName.newBuilder()
                                        .setVolume(c.volume())
                                        .setSnapshot(c.snapshot()));
        Long expires = c.expiresMillis();
        Boolean guarded = c.guarded();
        if (expires != null) {
            change.setExpiresMillis(expires);
        }
        if (guarded != null) {
            change.setProtected(guarded);
        }
        return change.build();
    }

    public static Command.ChangeSnapshot decode(ChangeSnapshot c) {
        return new Command.ChangeSnapshot(
                c.getSnapshot().getVolume(),
                c.getSnapshot().getSnapshot(),
                c.hasExpiresMillis() ? c.getExpiresMillis() : null,
                c.hasProtected() ? c.getProtected() : null);
    }

    // ------------------------------------------------------------ contents

    static LoggedReset encode(Command.ResetVolume c) {
        var logged =
                LoggedReset.newBuilder()
                        .setName(c.volume())
                        .setFrom(c.from())
                        .setSnapshot(c.snapshot())
                        .setKeep(c.keep());
        var seal = c.seal();
        if (seal != null) {
            logged.setSeal(LogEncoder.seal(seal));
        }
        var fromSeal = c.fromSeal();
        if (fromSeal != null) {
            logged.setFromSeal(LogEncoder.seal(fromSeal));
        }
        return logged.build();
    }

    static Command.ResetVolume decode(LoggedReset c) {
        return new Command.ResetVolume(
                c.getName(),
                LogDecoder.seal(c.hasSeal(), c.getSeal()),
                c.getFrom(),
                c.getSnapshot(),
                LogDecoder.seal(c.hasFromSeal(), c.getFromSeal()),
                c.getKeep());
    }

    static LoggedSwap encode(Command.SwapVolumes c) {
        var logged = LoggedSwap.newBuilder().setOne(c.one()).setOther(c.other());
        var oneSeal = c.oneSeal();
        if (oneSeal != null) {
            logged.setOneSeal(LogEncoder.seal(oneSeal));
        }
        var otherSeal = c.otherSeal();
        if (otherSeal != null) {
            logged.setOtherSeal(LogEncoder.seal(otherSeal));
        }
        return logged.build();
    }

    static Command.SwapVolumes decode(LoggedSwap c) {
        return new Command.SwapVolumes(
                c.getOne(),
                LogDecoder.seal(c.hasOneSeal(), c.getOneSeal()),
                c.getOther(),
                LogDecoder.seal(c.hasOtherSeal(), c.getOtherSeal()));
    }

    // ------------------------------------------------------------ keys

    static RekeyVolume encode(Command.RekeyVolume c) {
        return RekeyVolume.newBuilder().setName(c.name()).setKey(encode(c.key())).build();
    }

    public static Command.RekeyVolume decode(RekeyVolume c) {
        return new Command.RekeyVolume(c.getName(), decode(c.getKey()));
    }

    public static io.coppice.wire.pb.VolumeKey encode(VolumeKey key) {
        return io.coppice.wire.pb.VolumeKey.newBuilder()
                .setId(key.id())
                .setName(key.name())
                .setWrappedBy(key.wrappedBy())
                .setWrapped(key.wrapped())
                .build();
    }

    public static VolumeKey decode(io.coppice.wire.pb.VolumeKey key) {
        return new VolumeKey(key.getId(), key.getName(), key.getWrappedBy(), key.getWrapped());
    }

    // ------------------------------------------------------------ the audit log

    static LoggedNote encode(Command.Note c) {
        return LoggedNote.newBuilder()
                .setPrincipal(c.principal())
                .setFrom(c.from())
                .setAction(c.action())
                .setTarget(c.target())
                .setDetail(c.detail())
                .setRefusal(c.refusal())
                .build();
    }

    static Command.Note decode(LoggedNote c) {
        return new Command.Note(
                c.getPrincipal(),
                c.getFrom(),
                c.getAction(),
                c.getTarget(),
                c.getDetail(),
                c.getRefusal());
    }

    // ------------------------------------------------------------ accounts

    static LoggedUsage encode(Command.RecordUsage c) {
        var logged = LoggedUsage.newBuilder();
        for (Command.CloneBytes counted : c.clones()) {
            logged.addClones(
                    CloneBytes.newBuilder()
                            .setVolume(counted.volume())
                            .setMappedBytes(counted.mappedBytes())
                            .setOwnBytes(counted.ownBytes()));
        }
        for (Command.ProjectBytes counted : c.projects()) {
            logged.addProjects(
                    ProjectBytes.newBuilder()
                            .setProject(counted.project())
                            .setOwnBytes(counted.ownBytes()));
        }
        return logged.build();
    }

    static Command.RecordUsage decode(LoggedUsage c) {
        return new Command.RecordUsage(
                c.getClonesList().stream()
                        .map(each ->
                                new Command.CloneBytes(
                                        each.getVolume(),
                                        each.getMappedBytes(),
                                        each.getOwnBytes()))
                        .toList(),
                c.getProjectsList().stream()
                        .map(each ->
                                new Command.ProjectBytes(each.getProject(), each.getOwnBytes()))
                        .toList());
    }

    // ------------------------------------------------------------ policies

    static PutQuota encode(Command.PutQuota c) {
        return PutQuota.newBuilder().setProject(c.project()).setQuota(encode(c.quota())).build();
    }

    public static Command.PutQuota decode(PutQuota c) {
        return new Command.PutQuota(
                c.getProject(),
                new Quota(
                        c.getQuota().getProvisionedBytes(),
                        c.getQuota().getClones(),
                        c.getQuota().getClonesPerSource(),
                        c.getQuota().getOwnBytes()));
    }

    public static io.coppice.wire.pb.Quota encode(Quota quota) {
        return io.coppice.wire.pb.Quota.newBuilder()
                .setProvisionedBytes(quota.provisionedBytes())
                .setClones(quota.clones())
                .setClonesPerSource(quota.clonesPerSource())
                .setOwnBytes(quota.ownBytes())
                .build();
    }

    public static io.coppice.wire.pb.Policy encode(Policy policy) {
        var encoded =
                io.coppice.wire.pb.Policy.newBuilder()
                        .setName(policy.name())
                        .setIdleMillis(policy.idleMillis())
                        .setWarnMillis(policy.warnMillis())
                        .setIdleRemove(policy.idleEnd() == Policy.IdleEnd.REMOVE)
                        .setTtlMaxMillis(policy.ttlMaxMillis())
                        .setDivergencePercent(policy.divergencePercent());
        for (Policy.Rule rule : policy.rules()) {
            encoded.addSchedules(
                    Schedule.newBuilder()
                            .setName(rule.name())
                            .setEveryMillis(rule.everyMillis())
                            .setOffsetMillis(rule.offsetMillis())
                            .setKeep(rule.keep()));
        }
        return encoded.build();
    }

    public static Policy decode(io.coppice.wire.pb.Policy policy) {
        return new Policy(
                policy.getName(),
                policy.getSchedulesList().stream()
                        .map(rule ->
                                new Policy.Rule(
                                        rule.getName(),
                                        rule.getEveryMillis(),
                                        rule.getOffsetMillis(),
                                        rule.getKeep()))
                        .toList(),
                policy.getIdleMillis(),
                policy.getWarnMillis(),
                policy.getIdleRemove() ? Policy.IdleEnd.REMOVE : Policy.IdleEnd.ARCHIVE,
                policy.getTtlMaxMillis(),
                policy.getDivergencePercent());
    }
}
