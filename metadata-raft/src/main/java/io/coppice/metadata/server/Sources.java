package io.coppice.metadata.server;

import io.coppice.metadata.core.Lineage;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Volume;
import io.coppice.wire.pb.ResetVolume;
import java.util.Optional;

/// What a volume is to become again.
///
/// @param snapshot of `volume`; empty: it is the live volume
record Sources(Volume volume, String snapshot) {

    /// The source that is named, or the volume that the one to be reset was cloned from; empty: it
    /// is not there.
    static Optional<Sources> of(MetadataView view, ResetVolume request) {
        return request.hasSource()
                ? view.volume(request.getSource().getVolume())
                        .map(volume -> new Sources(volume, request.getSource().getSnapshot()))
                : view.volume(request.getName())
                        .flatMap(volume -> origin(view, volume))
                        .map(volume -> new Sources(volume, ""));
    }

    /// What its parent is, or what that is a snapshot of.
    private static Optional<Volume> origin(MetadataView view, Volume volume) {
        return view.lineage(volume.id())
                .flatMap(own -> view.lineage(own.parent()))
                .flatMap(parent ->
                        parent.snapshot() ? view.lineage(parent.parent()) : Optional.of(parent))
                .map(Lineage::id)
                .flatMap(view::volume)
                .filter(origin -> !origin.inTrash());
    }
}
