package io.coppice.metadata.core;

import static io.coppice.metadata.core.RecordFormat.LIST_MAX;
import static io.coppice.metadata.core.RecordFormat.list;
import static io.coppice.metadata.core.StateFormat.count;

import io.coppice.model.AccessKeys;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;

/// Reads what [StateWriter] wrote. Damaged bytes are an [IOException], whatever they say.
final class StateReader {
    private static final int BUFFER_BYTES = 1 << 17;

    private final DataInputStream in;
    private final int version;
    private final CaptureGate gate = new CaptureGate();

    private StateReader(DataInputStream in, int version) {
        this.in = in;
        this.version = version;
    }

    static Tables read(InputStream source) throws IOException {
        // The checksum is of what was taken out of the buffer, not of what was read ahead into it.
        var checked =
                new CheckedInputStream(new BufferedInputStream(source, BUFFER_BYTES), new CRC32C());
        var in = new DataInputStream(checked);
        try {
            if (in.readInt() != StateFormat.MAGIC) {
                throw new IOException("this is no metadata snapshot of Coppice");
            }
            int version = in.readInt();
            if (version < StateFormat.OLDEST_VERSION || version > StateFormat.VERSION) {
                throw new IOException(
                        "the metadata snapshot has format "
                                + version
                                + ", this program knows "
                                + StateFormat.VERSION
                                + ": use the program that wrote it, or a newer one");
            }
            Tables tables = new StateReader(in, version).readAll();
            long sum = checked.getChecksum().getValue();
            if (in.readLong() != sum) {
                throw new IOException("the metadata snapshot is damaged: its checksum differs");
            }
            return tables;
        } catch (EOFException e) {
            throw new IOException("the metadata snapshot ends too early", e);
        } catch (RuntimeException e) {
            throw new IOException("the metadata snapshot is damaged", e);
        }
    }

    private Tables readAll() throws IOException {
        ClusterConfig config = in.readBoolean() ? RecordFormat.config(in, version) : null;
        long nextId = in.readLong();
        int nextNode = in.readInt();
        int nextStore = in.readInt();
        long flips = in.readLong();
        long lastFence = version >= 3 ? in.readLong() : 0;
        int review = version >= 4 ? in.readInt() : 0;
        long usedSince = version >= 4 ? in.readLong() : 0;
        var tables = new Tables(gate, readNodes(), readCounts(), readPurges(), readReap());
        tables.config = config;
        tables.nextId = nextId;
        tables.nextNode = nextNode;
        tables.nextStore = nextStore;
        tables.flips = flips;
        tables.lastFence = lastFence;
        tables.review = review;
        tables.usedSince = usedSince;
        readRecords(tables);
        if (version >= 4) {
            GovernanceFormat.read(in, version, tables);
        } else {
            tables.volumes.values().forEach(tables::schedule);
        }
        if (version >= 5) {
            AccountingFormat.read(in, tables);
            IdentityFormat.read(in, tables);
            RightsFormat.read(in, tables);
            tables.accessKeys = AccessKeys.of(list(in, RecordFormat::accessKey));
        }
        readOutcomes(tables.outcomes);
        return tables;
    }

    private NodeSlab readNodes() throws IOException {
        int pageCount = count(in, Integer.MAX_VALUE / NodeSlab.NODES_PER_PAGE);
        int used = count(in, Integer.MAX_VALUE);
        int firstFree = count(in, Integer.MAX_VALUE);
        int free = count(in, Integer.MAX_VALUE);
        // Grows with what is really there, not with what damaged bytes claim.
        long[][] pages = new long[Math.min(pageCount, 1024)][];
        for (int i = 0; i < pageCount; i++) {
            if (i == pages.length) {
                pages = Arrays.copyOf(pages, Math.min(pageCount, i * 2));
            }
            pages[i] = StateFormat.rawLongs(in, NodeSlab.PAGE_LONGS);
        }
        return NodeSlab.restore(gate, pages, used, firstFree, free);
    }

    private ChunkCounts readCounts() throws IOException {
        long slots = in.readLong();
        var shards = new ChunkCounts.@Nullable Shard[1 << ChunkCounts.SHARD_BITS];
        for (int i = 0; i < shards.length; i++) {
            int capacity = count(in, 1 << 28);
            if (capacity > 0) {
                long[] keys = StateFormat.rawLongs(in, capacity);
                int size = count(in, capacity);
                int[] counts = new int[capacity];
                for (int at = 0; at < capacity; at++) {
                    counts[at] = in.readInt();
                }
                shards[i] = new ChunkCounts.Shard(keys, counts, size, gate.stamp());
            }
        }
        return ChunkCounts.restore(gate, shards, slots);
    }

    private PurgeLists readPurges() throws IOException {
        var purges = new PurgeLists(gate);
        int groups = count(in, 1 << 20);
        for (int i = 0; i < groups; i++) {
            in.readInt();
            for (long chunk : StateFormat.longs(in)) {
                purges.add(chunk);
            }
        }
        return purges;
    }

    private ReapStack readReap() throws IOException {
        var reap = new ReapStack();
        int size = count(in, Integer.MAX_VALUE - 8);
        for (int i = 0; i < size; i++) {
            reap.push(in.readInt());
        }
        return reap;
    }

    private void readRecords(Tables tables) throws IOException {
        int volumes = count(in, LIST_MAX);
        for (int i = 0; i < volumes; i++) {
            Volume volume = RecordFormat.volume(in, version);
            tables.replaceVolume(volume);
            tables.name(volume);
            if (version < 3) {
                tables.lastFence = Math.max(tables.lastFence, volume.fence());
            }
        }
        int snapshots = count(in, LIST_MAX);
        for (int i = 0; i < snapshots; i++) {
            tables.putSnapshot(RecordFormat.snapshot(in, version));
        }
        list(in, RecordFormat::lineage).forEach(tables::putLineage);
        tables.volumes.forEach((_, volume) -> tables.load(volume, 1));
        list(in, RecordFormat::attachment).forEach(it -> tables.attachments.put(it.volume(), it));
        list(in, from -> RecordFormat.session(from, version))
                .forEach(it -> tables.sessions.put(it.id(), it));
        list(in, RecordFormat::lease).forEach(it -> tables.leases.put(it.first(), it));
        list(in, from -> RecordFormat.node(from, version))
                .forEach(it -> tables.storageNodes.put(it.id(), it));
        list(in, from -> RecordFormat.store(from, version))
                .forEach(it -> tables.stores.put(it.id(), it));
        list(in, from -> RecordFormat.group(from, version))
                .forEach(it -> tables.groups.put(it.id(), it));
        int removed = version >= 2 ? count(in, LIST_MAX) : 0;
        for (int i = 0; i < removed; i++) {
            tables.removedStores.put(StateFormat.text(in), in.readLong());
        }
    }

    private void readOutcomes(OutcomeMemory memory) throws IOException {
        memory.oldest = in.readLong();
        memory.next = in.readLong();
        for (OutcomeMemory.Key key : list(in, StateReader::key)) {
            memory.outcomes.put(key, RecordFormat.outcome(in, version));
        }
        for (long session : list(in, DataInputStream::readLong)) {
            memory.forgotten.put(session, in.readLong());
        }
        List<Long> arrivals = list(in, DataInputStream::readLong);
        for (long at : arrivals) {
            var arrival = new OutcomeMemory.Arrival(key(in), in.readInt());
            memory.arrivals.put(at, arrival);
            memory.values += arrival.weight();
        }
    }

    private static OutcomeMemory.Key key(DataInputStream in) throws IOException {
        return new OutcomeMemory.Key(in.readLong(), in.readLong());
    }
}
