package io.coppice.metadata.server;

import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.MapPages;
import java.util.HashSet;

/// Pages of the map of a volume or a snapshot, as they are now. Whether the caller may read them is
/// asked before.
final class Pages {
    private static final int COUNT_MAX = 256;
    private static final long NONE = 0;

    private Pages() {}

    /// With what the session may show to nodes.
    ///
    /// @param holder whose certificate must come with the capability; empty: the cluster has none
    static MapPages vouched(Leadership leadership, long session, String holder, GetMapPages request)
            throws ControlFailure {
        MapPages pages = of(leadership, request);
        return leadership.read(view ->
                new Vouchers(view, leadership.time().wallMillis())
                        .pages(view, session, holder, request, pages));
    }

    /// @throws ControlFailure too many are asked for, or what they are of is gone
    static MapPages of(Leadership leadership, GetMapPages request) throws ControlFailure {
        int asked = request.getPagesCount();
        if (asked > COUNT_MAX || new HashSet<>(request.getPagesList()).size() < asked) {
            throw ControlFailure.badRequest(
                    "at most " + COUNT_MAX + " map pages in one request, each once");
        }
        var answer =
                leadership.read(view -> {
                    var pages = MapPages.newBuilder();
                    if (request.getSnapshot() != NONE) {
                        Snapshot snapshot = view.snapshot(request.getSnapshot()).orElse(null);
                        if (snapshot == null) {
                            return null;
                        }
                        request.getPagesList()
                                .forEach(p ->
                                        pages.addPages(Answers.page(view.mapPage(snapshot, p))));
                        return pages.setGeneration(snapshot.generation()).build();
                    }
                    Volume volume = view.volume(request.getVolume()).orElse(null);
                    if (volume == null) {
                        return null;
                    }
                    request.getPagesList()
                            .forEach(p -> pages.addPages(Answers.page(view.mapPage(volume, p))));
                    return pages.setGeneration(volume.generation()).build();
                });
        if (answer == null) {
            throw new ControlFailure(Code.CODE_NOT_FOUND, "the volume or snapshot is gone");
        }
        return answer;
    }
}
