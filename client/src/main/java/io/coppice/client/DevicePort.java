package io.coppice.client;

import com.google.protobuf.ByteString;
import io.coppice.client.plan.ChunkOp;
import io.coppice.client.plan.DevicePlan;
import io.coppice.client.plan.Fault;
import io.coppice.client.plan.FlipBatch;
import io.coppice.client.plan.FreshChunk;
import io.coppice.client.plan.PlanPort;
import io.coppice.client.plan.Tags;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.Flipped;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.MapPage;
import io.coppice.wire.pb.MapPages;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Carries a plan's wishes to the storage nodes and the quorum, for one device.
final class DevicePort implements PlanPort {
    private static final long GENERATION_POLL_MILLIS_MIN = 10;
    private static final long GENERATION_POLL_MILLIS_MAX = 500;
    private static final int PLACEMENT_TRIES = 3;

    /// What the quorum answers at once.
    private static final int PAGES_PER_MESSAGE_MAX = 256;

    /// After a failure to get a new capability.
    private static final long RENEW_AGAIN_MILLIS = 10_000;

    private final CoppiceClient client;
    private final RemoteDevice device;

    /// A request for a new capability is scheduled; there was one before.
    private boolean renewing;

    private boolean renewed;

    DevicePort(CoppiceClient client, RemoteDevice device) {
        this.client = client;
        this.device = device;
    }

    @Override
    public void submit(ChunkOp op) {
        client.calls().send((DataOp) op);
    }

    @Override
    public void turnEndWanted() {
        client.eventLoop().execute(() -> device.plan().turnEnd());
    }

    @Override
    public boolean holdsLease() {
        return device.holdsLease();
    }

    @Override
    public boolean recall(ChunkOp op) {
        return client.calls().recall((DataOp) op);
    }

    // ------------------------------------------------------------ flips

    @Override
    public void flip(FlipBatch batch) {
        long sequence = client.session().nextSequence();
        var flip =
                Flip.newBuilder()
                        .setVolume(device.volume())
                        .setGeneration(batch.generation())
                        .setFence(device.fence())
                        .setSequence(sequence);
        for (int i = 0; i < batch.size(); i++) {
            flip.addSlots(
                    FlipSlot.newBuilder()
                            .setIndex(batch.index(i))
                            .setOldChunk(batch.oldChunk(i))
                            .setNewChunk(batch.newChunk(i)));
        }
        long start = client.time().nanos();
        client.session()
                .call(
                        ClientMessage.newBuilder().setFlip(flip),
                        sequence,
                        directive -> {
                            client.metrics()
                                    .flip
                                    .update(client.time().nanos() - start, TimeUnit.NANOSECONDS);
                            flipAnswered(batch, directive);
                        });
    }

    private void flipAnswered(FlipBatch batch, ClientDirective directive) {
        DevicePlan plan = device.plan();
        if (!directive.hasFailure()) {
            Flipped flipped = directive.getFlipped();
            plan.flipped(batch, tags(flipped.getTagsList(), flipped.getWriteTagsList()));
            return;
        }
        Failure failure = directive.getFailure();
        if (failure.getCode() == Code.CODE_STALE) {
            plan.flipStale(batch);
            return;
        }
        boolean full = failure.getCode() == Code.CODE_NO_SPACE;
        plan.flipFailed(
                batch,
                new Fault(
                        full ? Fault.Reason.NO_SPACE : Fault.Reason.IO_ERROR,
                        device.name()
                                + ": the metadata quorum refused the write: "
                                + failure.getMessage()));
    }

    // ------------------------------------------------------------ the map

    @Override
    public void loadPages(long[] pages) {
        for (int from = 0; from < pages.length; from += PAGES_PER_MESSAGE_MAX) {
            load(
                    Arrays.copyOfRange(
                            pages, from, Math.min(pages.length, from + PAGES_PER_MESSAGE_MAX)));
        }
    }

    private void load(long[] pages) {
        var request =
                GetMapPages.newBuilder()
                        .setVolume(device.volume())
                        .setSnapshot(device.source().snapshot());
        for (long page : pages) {
            request.addPages(page);
        }
        client.session()
                .call(
                        ClientMessage.newBuilder().setMapPages(request),
                        directive -> pagesAnswered(pages, directive));
    }

    private void pagesAnswered(long[] pages, ClientDirective directive) {
        DevicePlan plan = device.plan();
        renewLater(directive.getMapPages().getRenewMillis());
        if (directive.hasFailure()) {
            var fault =
                    new Fault(
                            Fault.Reason.IO_ERROR,
                            device.name()
                                    + ": its map cannot be read: "
                                    + directive.getFailure().getMessage());
            for (long page : pages) {
                plan.pageFailed(page, fault);
            }
            return;
        }
        MapPages answer = directive.getMapPages();
        client.calls().open(device.volume(), answer.getCapability());
        Map<Long, MapPage> found = new HashMap<>();
        answer.getPagesList().forEach(page -> found.put(page.getPage(), page));
        for (long number : pages) {
            MapPage page = found.getOrDefault(number, MapPage.getDefaultInstance());
            var chunks = new long[page.getChunksCount()];
            for (int i = 0; i < chunks.length; i++) {
                chunks[i] = page.getChunks(i);
            }
            ByteString owned = page.getOwned();
            plan.pageLoaded(
                    number,
                    chunks,
                    owned.toByteArray(),
                    tags(page.getTagsList(), page.getWriteTagsList()),
                    answer.getGeneration());
        }
    }

    private static Tags tags(List<Long> read, List<Long> write) {
        return read.isEmpty() ? Tags.NONE : new Tags(values(read), values(write));
    }

    private static long[] values(List<Long> list) {
        var values = new long[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i);
        }
        return values;
    }

    /// Asks for a new capability, with no pages, when half of the life of the newest is over.
    ///
    /// @param millis 0: nodes ask for none, or there was no answer
    private void renewLater(int millis) {
        if (renewing || (millis == 0 && !renewed)) {
            return;
        }
        renewing = true;
        renewed = true;
        client.eventLoop()
                .schedule(
                        () -> {
                            renewing = false;
                            if (device.ended() == null) {
                                load(new long[0]);
                            }
                        },
                        millis == 0 ? RENEW_AGAIN_MILLIS : millis,
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void generationAwaited() {
        pollGeneration(GENERATION_POLL_MILLIS_MIN);
    }

    /// The quorum tells of a new generation by itself; asking covers a message lost with its
    /// stream.
    private void pollGeneration(long pauseMillis) {
        client.eventLoop()
                .schedule(
                        () -> {
                            if (device.plan().pollGeneration()) {
                                pollGeneration(
                                        Math.min(pauseMillis * 2, GENERATION_POLL_MILLIS_MAX));
                            }
                        },
                        pauseMillis,
                        TimeUnit.MILLISECONDS);
    }

    // ------------------------------------------------------------ new chunks

    @Override
    public @Nullable FreshChunk takeChunk(int group) {
        return client.leases().take(group);
    }

    @Override
    public int placeNewChunk(long index, int attempt) {
        return client.views().place(device.volume(), index, attempt);
    }

    @Override
    public int placementTriesMax() {
        return PLACEMENT_TRIES;
    }

    @Override
    public void abandon(long chunk) {
        client.abandon(chunk);
    }

    @Override
    public long nextSequence(int group) {
        return client.nextSequence(group);
    }
}
