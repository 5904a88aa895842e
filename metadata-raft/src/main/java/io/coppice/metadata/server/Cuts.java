package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Volume;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.ResetVolume;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.SwapVolumes;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Commands that end generations: snapshots, clones, and volumes that become what something else
/// is. They are sealed where the rules ask for it, committed, and told to whom they concern (R8).
/// Nothing waits: failures of the futures are [ControlFailure].
final class Cuts {
    private static final Logger log = LoggerFactory.getLogger(Cuts.class);

    private final Leadership leadership;

    Cuts(Leadership leadership) {
        this.leadership = leadership;
    }

    private CompletableFuture<Outcome> commit(Asker asker, Command command) {
        return leadership.commit(asker.session(), asker.sequence(), asker.caller(), command);
    }

    /// Makes the command from the seals; a volume without one needs none.
    private interface Cut {
        Command with(Map<String, Command.Seal> seals);
    }

    CompletableFuture<Outcome> createSnapshots(Asker asker, CreateSnapshots c) {
        var names = c.getSnapshotsList().stream().map(SnapshotName::getVolume).distinct().toList();
        long expires = leadership.expires(c.getExpiresMillis(), c.getTtlMillis());
        return cut(
                asker,
                names,
                false,
                seals -> {
                    var cuts = new ArrayList<Command.SnapshotCut>();
                    c.getSnapshotsList()
                            .forEach(n ->
                                    cuts.add(
                                            new Command.SnapshotCut(
                                                    n.getVolume(),
                                                    n.getSnapshot(),
                                                    seals.get(n.getVolume()))));
                    return new Command.CreateSnapshots(cuts, c.getLabelsMap(), expires, null);
                });
    }

    /// The snapshots that a policy asks for.
    CompletableFuture<Outcome> scheduled(List<Command.SnapshotCut> unsealed, Command.Scheduled by) {
        var names = unsealed.stream().map(Command.SnapshotCut::volume).toList();
        return cut(
                Asker.LEADER,
                names,
                false,
                seals ->
                        new Command.CreateSnapshots(
                                unsealed.stream()
                                        .map(cut ->
                                                new Command.SnapshotCut(
                                                        cut.volume(),
                                                        cut.snapshot(),
                                                        seals.get(cut.volume())))
                                        .toList(),
                                Map.of(),
                                0,
                                by));
    }

    CompletableFuture<Outcome> createClones(Asker asker, CreateClones c) {
        boolean live = c.getSnapshot().isEmpty();
        long expires = leadership.expires(c.getExpiresMillis(), c.getTtlMillis());
        return cut(
                asker,
                live ? List.of(c.getVolume()) : List.of(),
                false,
                seals ->
                        new Command.CreateClones(
                                c.getVolume(),
                                c.getSnapshot(),
                                seals.get(c.getVolume()),
                                List.copyOf(c.getNamesList()),
                                c.getLabelsMap(),
                                expires,
                                c.getProject()));
    }

    CompletableFuture<Outcome> rollback(Asker asker, SnapshotName c) {
        return cut(
                asker,
                List.of(c.getVolume()),
                true,
                seals ->
                        new Command.RollbackVolume(
                                c.getVolume(), c.getSnapshot(), seals.get(c.getVolume())));
    }

    CompletableFuture<Outcome> reset(Asker asker, ResetVolume c) {
        var found = leadership.read(view -> Sources.of(view, c));
        if (found.isEmpty()) {
            // The state machine says why.
            return commit(
                    asker, new Command.ResetVolume(c.getName(), null, 0, "", null, c.getKeep()));
        }
        var source = found.get();
        boolean live = source.snapshot().isEmpty();
        return cut(
                asker,
                Stream.of(c.getName(), live ? source.volume().name() : c.getName())
                        .distinct()
                        .toList(),
                true,
                seals ->
                        new Command.ResetVolume(
                                c.getName(),
                                seals.get(c.getName()),
                                source.volume().id(),
                                source.snapshot(),
                                live ? seals.get(source.volume().name()) : null,
                                c.getKeep()));
    }

    CompletableFuture<Outcome> swap(Asker asker, SwapVolumes c) {
        return cut(
                asker,
                Stream.of(c.getOne(), c.getOther()).distinct().toList(),
                true,
                seals ->
                        new Command.SwapVolumes(
                                c.getOne(),
                                seals.get(c.getOne()),
                                c.getOther(),
                                seals.get(c.getOther())));
    }

    /// Seals what must be sealed, commits, tells the holders (R8).
    private CompletableFuture<Outcome> cut(
            Asker asker, List<String> names, boolean mapChanged, Cut cut) {
        Command unsealed = cut.with(Map.of());
        if (names.isEmpty()) {
            return commit(asker, unsealed);
        }
        return leadership
                .<Outcome>forbidden(asker.caller(), unsealed)
                .orElseGet(() -> gated(asker, names, mapChanged, cut));
    }

    private CompletableFuture<Outcome> gated(
            Asker asker, List<String> names, boolean mapChanged, Cut cut) {
        return leadership
                .enter(names)
                .thenCompose(gate -> {
                    var seals =
                            wasDone(asker) || isRefused(asker, cut.with(Map.of()))
                                    ? Map.<String, Command.Seal>of()
                                    : leadership.read(view -> seals(view, names));
                    return seals.isEmpty()
                            ? told(commit(asker, cut.with(seals)), mapChanged)
                                    .whenComplete((outcome, failed) -> gate.close())
                            : sealed(asker, gate, seals, mapChanged, cut);
                });
    }

    /// Nobody's writers wait for a command that cannot succeed: it goes to the state machine for
    /// its answer, without a seal.
    private boolean isRefused(Asker asker, Command unsealed) {
        long now = leadership.time().wallMillis();
        return leadership.read(view -> view.refusal(asker.caller(), unsealed, now)).isPresent();
    }

    /// While it waited at the gate the same request, sent before, may have gone through: no command
    /// would follow a second seal, and writers would wait for its generation.
    private boolean wasDone(Asker asker) {
        return asker.session() != 0
                && leadership.quorum().remembered(asker.session(), asker.sequence()).isPresent();
    }

    private CompletableFuture<Outcome> told(
            CompletableFuture<Outcome> committed, boolean mapChanged) {
        return committed.thenApply(outcome -> {
            tell(outcome, mapChanged);
            return outcome;
        });
    }

    private static Map<String, Command.Seal> seals(MetadataView view, List<String> names) {
        var seals = new TreeMap<String, Command.Seal>();
        for (String name : names) {
            view.volume(name)
                    .filter(Volume::attachedInGeneration)
                    .ifPresent(volume ->
                            seals.put(name, new Command.Seal(volume.id(), volume.generation())));
        }
        return seals;
    }

    /// Once nodes know a seal it does not go back. So whatever becomes of the command, the gate is
    /// passed on until the generations have been raised.
    private CompletableFuture<Outcome> sealed(
            Asker asker,
            VolumeGates.Passage gate,
            Map<String, Command.Seal> seals,
            boolean mapChanged,
            Cut cut) {
        var barriers =
                seals.values().stream()
                        .map(seal ->
                                VolumeBarrier.newBuilder()
                                        .setVolume(seal.volume())
                                        .setSealedGeneration(seal.generation())
                                        .build())
                        .toList();
        var done = leadership.raise(barriers);
        var committed =
                leadership
                        .within(
                                done,
                                leadership.config().timeouts().barrier().toMillis(),
                                leadership::lateBarrier)
                        .thenCompose(sealed -> commit(asker, cut.with(seals)));
        return told(committed, mapChanged)
                .whenComplete((outcome, failed) -> {
                    if (failed == null) {
                        gate.close();
                    } else {
                        done.thenComposeAsync(all -> raiseGenerations(seals), leadership.threads())
                                .whenComplete((raised, lost) -> gate.close());
                    }
                });
    }

    private CompletableFuture<Void> raiseGenerations(Map<String, Command.Seal> seals) {
        var raising = new ArrayList<CompletableFuture<Void>>();
        for (Command.Seal seal : seals.values()) {
            raising.add(
                    leadership
                            .commit(new Command.RaiseGeneration(seal.volume(), seal.generation()))
                            .handle((raised, lost) -> {
                                if (lost == null) {
                                    // What failed may have been a rollback, and committed after
                                    // all.
                                    leadership.volumeChanged(seal.volume(), true, "");
                                } else {
                                    // The next leader hears of the seal from the nodes that
                                    // register with it.
                                    log.warn(
                                            "volume {}: its generation could not be raised: {}",
                                            seal.volume(),
                                            Leadership.failure(lost).message());
                                }
                                return null;
                            }));
        }
        return CompletableFuture.allOf(raising.toArray(CompletableFuture[]::new));
    }

    /// The holders of the volumes that a command changed.
    void tell(Outcome outcome, boolean mapChanged) {
        List<Volume> changed =
                switch (outcome) {
                    case Outcome.Volumes done -> done.volumes();
                    case Outcome.Snapshots done -> done.volumes();
                    case Outcome.Clones done -> done.source();
                    default -> List.of();
                };
        changed.forEach(volume -> leadership.volumeChanged(volume.id(), mapChanged, ""));
    }
}
