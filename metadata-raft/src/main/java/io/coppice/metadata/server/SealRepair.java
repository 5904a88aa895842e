package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Volume;
import io.coppice.port.Marks;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
        known.forEach(seal -> ahead(seal).ifPresent(volume -> repair(volume, seal)));
    }

    private void repair(Volume volume, VolumeBarrier seal) {
        leadership
                .inside(
                        List.of(volume.name()),
                        () ->
                                ahead(seal).isPresent()
                                        ? raise(volume.id(), seal.getSealedGeneration())
                                        : CompletableFuture.<Void>completedFuture(null))
                .whenComplete((done, failed) -> {
                    if (failed != null) {
                        // The next registration of a node that knows the seal tries again.
                        log.warn(
                                "volume {}: the generation behind a lost seal was not raised: {}",
                                volume.name(),
                                Leadership.failure(failed).message());
                    }
                });
    }

    private Optional<Volume> ahead(VolumeBarrier seal) {
        return leadership
                .read(view -> view.volume(seal.getVolume()))
                .filter(volume -> seal.getSealedGeneration() >= volume.generation());
    }

    private CompletableFuture<Void> raise(long volume, long generation) {
        var seal =
                VolumeBarrier.newBuilder()
                        .setVolume(volume)
                        .setSealedGeneration(generation)
                        .build();
        return leadership
                .raised(List.of(seal))
                .thenCompose(sealed ->
                        leadership.commit(new Command.RaiseGeneration(volume, generation)))
                .thenAccept(raised -> {
                    Marks.hit("a lost seal had its generation raised");
                    leadership.volumeChanged(volume, false, "a snapshot of it was not finished");
                    log.info(
                            "volume {} generation {}→{}: its seal had no command",
                            volume,
                            generation,
                            generation + 1);
                });
    }
}
