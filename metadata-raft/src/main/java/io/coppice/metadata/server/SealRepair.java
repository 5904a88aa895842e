package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Volume;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finishes seals whose command was never committed: a seal never goes back, so the generation goes
/// on (R8).
final class SealRepair {
    private static final Logger log = LoggerFactory.getLogger(SealRepair.class);

    private final Leadership leadership;

    SealRepair(Leadership leadership) {
        this.leadership = leadership;
    }

    /// Of what a node knows, what the quorum does not.
    void repair(List<VolumeBarrier> known) {
        for (VolumeBarrier seal : known) {
            ahead(seal)
                    .ifPresent(volume -> {
                        try (var gate = leadership.enter(List.of(volume.name()))) {
                            if (ahead(seal).isPresent()) {
                                raise(volume.id(), seal.getSealedGeneration());
                            }
                        } catch (ControlFailure later) {
                            // The next registration of a node that knows the seal tries again.
                            log.warn(
                                    "volume {}: the generation behind a lost seal was not raised: {}",
                                    volume.name(),
                                    later.message());
                        }
                    });
        }
    }

    private Optional<Volume> ahead(VolumeBarrier seal) {
        return leadership
                .read(view -> view.volume(seal.getVolume()))
                .filter(volume -> seal.getSealedGeneration() >= volume.generation());
    }

    /// Also for a seal of this leader's whose command failed. The caller holds the volume's gate.
    void raise(long volume, long generation) throws ControlFailure {
        var seal =
                VolumeBarrier.newBuilder()
                        .setVolume(volume)
                        .setSealedGeneration(generation)
                        .build();
        Leadership.await(
                leadership.raise(List.of(seal)),
                leadership.config().timeouts().barrier().toMillis(),
                leadership::lateBarrier);
        leadership.commit(new Command.RaiseGeneration(volume, generation));
        leadership.volumeChanged(volume, false, "a snapshot of it was not finished");
        log.info(
                "volume {} generation {}→{}: its seal had no command",
                volume,
                generation,
                generation + 1);
    }
}
