package io.coppice.metadata.core;

import static io.coppice.metadata.core.RecordFormat.list;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/// Writes a frozen state; see [StateFormat].
final class StateWriter {
    private static final int BUFFER_BYTES = 1 << 17;
    private static final int PURGES_AT_ONCE = Integer.MAX_VALUE - 8;

    private final Tables tables;
    private final DataOutputStream out;

    private StateWriter(Tables tables, DataOutputStream out) {
        this.tables = tables;
        this.out = out;
    }

    static void write(Tables tables, OutputStream target) throws IOException {
        var checked = new CheckedOutputStream(target, new CRC32C());
        var out = new DataOutputStream(new BufferedOutputStream(checked, BUFFER_BYTES));
        out.writeInt(StateFormat.MAGIC);
        out.writeInt(StateFormat.VERSION);
        new StateWriter(tables, out).writeAll();
        out.flush();
        out.writeLong(checked.getChecksum().getValue());
        out.flush();
    }

    private void writeAll() throws IOException {
        writeScalars();
        writeNodes();
        writeCounts();
        writePurges();
        writeReap();
        writeRecords();
        GovernanceFormat.write(out, tables);
        AccountingFormat.write(out, tables);
        IdentityFormat.write(out, tables);
        RightsFormat.write(out, tables);
        list(out, tables.accessKeys.all(), RecordFormat::accessKey);
        writeOutcomes();
    }

    private void writeScalars() throws IOException {
        ClusterConfig config = tables.config;
        out.writeBoolean(config != null);
        if (config != null) {
            RecordFormat.config(out, config);
        }
        out.writeLong(tables.nextId);
        out.writeInt(tables.nextNode);
        out.writeInt(tables.nextStore);
        out.writeLong(tables.flips);
        out.writeLong(tables.lastFence);
        out.writeInt(tables.review);
        out.writeLong(tables.usedSince);
    }

    private void writeNodes() throws IOException {
        NodeSlab nodes = tables.nodes;
        out.writeInt(nodes.pageCount());
        out.writeInt(nodes.end());
        out.writeInt(nodes.firstFree());
        out.writeInt(nodes.freeCount());
        for (int i = 0; i < nodes.pageCount(); i++) {
            StateFormat.rawLongs(out, nodes.pageAt(i), NodeSlab.PAGE_LONGS);
        }
    }

    private void writeCounts() throws IOException {
        ChunkCounts counts = tables.counts;
        out.writeLong(counts.slots());
        for (int i = 0; i < counts.shardCount(); i++) {
            ChunkCounts.Shard shard = counts.shard(i);
            out.writeInt(shard == null ? 0 : shard.keys().length);
            if (shard != null) {
                StateFormat.rawLongs(out, shard.keys(), shard.keys().length);
                out.writeInt(shard.size());
                for (int count : shard.counts()) {
                    out.writeInt(count);
                }
            }
        }
    }

    private void writePurges() throws IOException {
        List<Integer> groups = tables.purges.groups();
        out.writeInt(groups.size());
        for (int group : groups) {
            out.writeInt(group);
            StateFormat.longs(out, tables.purges.first(group, PURGES_AT_ONCE));
        }
    }

    private void writeReap() throws IOException {
        out.writeInt(tables.reap.size());
        for (int i = 0; i < tables.reap.size(); i++) {
            out.writeInt(tables.reap.get(i));
        }
    }

    private void writeRecords() throws IOException {
        list(out, tables.volumes.values(), RecordFormat::volume);
        list(out, tables.snapshots.values(), RecordFormat::snapshot);
        list(out, tables.lineage.values(), RecordFormat::lineage);
        list(out, tables.attachments.values(), RecordFormat::attachment);
        list(out, tables.sessions.values(), RecordFormat::session);
        list(out, tables.leases.values(), RecordFormat::lease);
        list(out, tables.storageNodes.values(), RecordFormat::node);
        list(out, tables.stores.values(), RecordFormat::store);
        list(out, tables.groups.values(), RecordFormat::group);
        List<String> removed = List.copyOf(tables.removedStores.keys());
        out.writeInt(removed.size());
        for (String uuid : removed) {
            StateFormat.text(out, uuid);
            out.writeLong(java.util.Objects.requireNonNull(tables.removedStores.get(uuid)));
        }
    }

    private void writeOutcomes() throws IOException {
        OutcomeMemory memory = tables.outcomes;
        out.writeLong(memory.oldest);
        out.writeLong(memory.next);
        list(out, List.copyOf(memory.outcomes.keys()), StateWriter::key);
        for (Outcome outcome : memory.outcomes.values()) {
            RecordFormat.outcome(out, outcome);
        }
        list(out, List.copyOf(memory.forgotten.keys()), DataOutputStream::writeLong);
        for (long upTo : memory.forgotten.values()) {
            out.writeLong(upTo);
        }
        list(out, List.copyOf(memory.arrivals.keys()), DataOutputStream::writeLong);
        for (OutcomeMemory.Arrival arrival : memory.arrivals.values()) {
            key(out, arrival.key());
            out.writeInt(arrival.weight());
        }
    }

    private static void key(DataOutputStream out, OutcomeMemory.Key key) throws IOException {
        out.writeLong(key.session());
        out.writeLong(key.sequence());
    }
}
