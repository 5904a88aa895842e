package io.coppice.metadata.core;

import static io.coppice.metadata.core.StateFormat.count;
import static io.coppice.metadata.core.StateFormat.labels;
import static io.coppice.metadata.core.StateFormat.longs;
import static io.coppice.metadata.core.StateFormat.text;

import io.coppice.model.AccessKey;
import io.coppice.model.Position;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The bytes of the records of a snapshot.
final class RecordFormat {
    static final int LIST_MAX = 1 << 28;

    /// Writes one value.
    interface Writer<T> {
        void write(DataOutputStream out, T value) throws IOException;
    }

    /// Reads one value.
    interface Reader<T> {
        T read(DataInputStream in) throws IOException;
    }

    private RecordFormat() {}

    static <T> void list(DataOutputStream out, List<T> values, Writer<? super T> writer)
            throws IOException {
        out.writeInt(values.size());
        for (T value : values) {
            writer.write(out, value);
        }
    }

    static <T> List<T> list(DataInputStream in, Reader<T> reader) throws IOException {
        int count = count(in, LIST_MAX);
        var values = new ArrayList<T>();
        for (int i = 0; i < count; i++) {
            values.add(reader.read(in));
        }
        return values;
    }

    static void config(DataOutputStream out, ClusterConfig config) throws IOException {
        text(out, config.cluster());
        out.writeInt(config.replicas());
        out.writeInt(config.minWriteReplicas());
        out.writeInt(config.groups());
        out.writeLong(config.chunkBytes());
        out.writeBoolean(config.durabilityAlways());
        out.writeLong(config.trashRetentionMillis());
        out.writeInt(config.format());
    }

    static ClusterConfig config(DataInputStream in, int version) throws IOException {
        return new ClusterConfig(
                text(in),
                in.readInt(),
                in.readInt(),
                in.readInt(),
                in.readLong(),
                in.readBoolean(),
                in.readLong(),
                version >= 4 ? in.readInt() : 0);
    }

    static void root(DataOutputStream out, MapRoot root) throws IOException {
        out.writeInt(root.node());
        out.writeByte(root.height());
    }

    static MapRoot root(DataInputStream in) throws IOException {
        return new MapRoot(in.readInt(), in.readByte());
    }

    static void volume(DataOutputStream out, Volume volume) throws IOException {
        out.writeLong(volume.id());
        text(out, volume.name());
        out.writeLong(volume.size());
        out.writeLong(volume.generation());
        root(out, volume.root());
        out.writeLong(volume.fence());
        out.writeBoolean(volume.attachedInGeneration());
        out.writeBoolean(volume.looseFence());
        text(out, volume.origin());
        out.writeLong(volume.createdMillis());
        out.writeLong(volume.expiresMillis());
        out.writeLong(volume.deletedMillis());
        labels(out, volume.labels());
        GovernanceFormat.terms(out, volume.terms());
        GovernanceFormat.key(out, volume.key());
    }

    static Volume volume(DataInputStream in, int version) throws IOException {
        long id = in.readLong();
        String name = text(in);
        long size = in.readLong();
        long generation = in.readLong();
        MapRoot root = root(in);
        long fence = in.readLong();
        boolean attachedInGeneration = in.readBoolean();
        boolean looseFence = in.readBoolean();
        String origin = text(in);
        long createdMillis = in.readLong();
        long expiresMillis = in.readLong();
        long deletedMillis = in.readLong();
        Map<String, String> labels = labels(in);
        return new Volume(
                id,
                name,
                size,
                generation,
                root,
                fence,
                attachedInGeneration,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels,
                version >= 4 ? GovernanceFormat.terms(in) : Terms.of("", "", createdMillis),
                version >= 5 ? GovernanceFormat.key(in) : null);
    }

    static void snapshot(DataOutputStream out, Snapshot snapshot) throws IOException {
        out.writeLong(snapshot.id());
        out.writeLong(snapshot.volume());
        text(out, snapshot.name());
        out.writeLong(snapshot.size());
        out.writeLong(snapshot.generation());
        root(out, snapshot.root());
        out.writeLong(snapshot.createdMillis());
        labels(out, snapshot.labels());
        out.writeLong(snapshot.expiresMillis());
        out.writeBoolean(snapshot.guarded());
        text(out, snapshot.rule());
    }

    static Snapshot snapshot(DataInputStream in, int version) throws IOException {
        return new Snapshot(
                in.readLong(),
                in.readLong(),
                text(in),
                in.readLong(),
                in.readLong(),
                root(in),
                in.readLong(),
                labels(in),
                version >= 4 ? in.readLong() : 0,
                version >= 4 && in.readBoolean(),
                version >= 4 ? text(in) : "");
    }

    static void lineage(DataOutputStream out, Lineage record) throws IOException {
        out.writeLong(record.id());
        out.writeLong(record.parent());
        text(out, record.name());
        out.writeBoolean(record.snapshot());
        out.writeLong(record.createdMillis());
        out.writeLong(record.deletedMillis());
    }

    static Lineage lineage(DataInputStream in) throws IOException {
        return new Lineage(
                in.readLong(),
                in.readLong(),
                text(in),
                in.readBoolean(),
                in.readLong(),
                in.readLong());
    }

    static void attachment(DataOutputStream out, Attachment attachment) throws IOException {
        out.writeLong(attachment.volume());
        out.writeLong(attachment.session());
        text(out, attachment.client());
        out.writeLong(attachment.fence());
        out.writeLong(attachment.sinceMillis());
    }

    static Attachment attachment(DataInputStream in) throws IOException {
        return new Attachment(in.readLong(), in.readLong(), text(in), in.readLong(), in.readLong());
    }

    static void session(DataOutputStream out, SessionEntry session) throws IOException {
        out.writeLong(session.id());
        text(out, session.client());
        out.writeLong(session.openedMillis());
        longs(out, session.leases());
        longs(out, session.volumes());
        out.writeLong(session.principal());
    }

    static SessionEntry session(DataInputStream in, int version) throws IOException {
        return new SessionEntry(
                in.readLong(),
                text(in),
                in.readLong(),
                longs(in),
                longs(in),
                version >= 5 ? in.readLong() : 0);
    }

    static void lease(DataOutputStream out, Lease lease) throws IOException {
        out.writeLong(lease.first());
        out.writeInt(lease.count());
        out.writeLong(lease.session());
        longs(out, lease.used());
        out.writeInt(lease.usedCount());
    }

    static Lease lease(DataInputStream in) throws IOException {
        return new Lease(in.readLong(), in.readInt(), in.readLong(), longs(in), in.readInt());
    }

    static void node(DataOutputStream out, Node node) throws IOException {
        out.writeInt(node.id());
        text(out, node.name());
        text(out, node.address());
        text(out, node.httpAddress());
        out.writeLong(node.incarnation());
        out.writeLong(node.pid());
        text(out, node.rack());
        out.writeBoolean(node.up());
        out.writeBoolean(node.draining());
    }

    static Node node(DataInputStream in, int version) throws IOException {
        return new Node(
                in.readInt(),
                text(in),
                text(in),
                text(in),
                in.readLong(),
                in.readLong(),
                text(in),
                in.readBoolean(),
                version >= 2 && in.readBoolean());
    }

    static void store(DataOutputStream out, Store store) throws IOException {
        out.writeInt(store.id());
        text(out, store.uuid());
        out.writeInt(store.node());
        out.writeLong(store.capacityBytes());
        out.writeBoolean(store.up());
        out.writeBoolean(store.failed());
        out.writeLong(store.downSinceMillis());
        out.writeLong(store.servingSinceMillis());
    }

    static Store store(DataInputStream in, int version) throws IOException {
        return new Store(
                in.readInt(),
                text(in),
                in.readInt(),
                in.readLong(),
                in.readBoolean(),
                version >= 2 && in.readBoolean(),
                version >= 2 ? in.readLong() : 0,
                version >= 3 ? in.readLong() : 0);
    }

    static void group(DataOutputStream out, Group group) throws IOException {
        out.writeInt(group.id());
        out.writeLong(group.epoch());
        out.writeLong(group.nextSequence());
        out.writeLong(group.lossEpoch());
        list(
                out,
                group.replicas(),
                (to, replica) -> {
                    to.writeInt(replica.store());
                    to.writeByte(replica.state().ordinal());
                    to.writeLong(replica.position().epoch());
                    to.writeLong(replica.position().sequence());
                    to.writeBoolean(replica.equal());
                    to.writeBoolean(replica.shaken());
                });
    }

    private static Replica replica(DataInputStream in, int version) throws IOException {
        int store = in.readInt();
        ReplicaState state = ReplicaState.values()[in.readByte()];
        var position = new Position(in.readLong(), in.readLong());
        return version >= 2
                ? new Replica(
                        store, state, position, in.readBoolean(), version >= 3 && in.readBoolean())
                : new Replica(store, state, position);
    }

    static Group group(DataInputStream in, int version) throws IOException {
        int id = in.readInt();
        long epoch = in.readLong();
        long nextSequence = in.readLong();
        long lossEpoch = version >= 3 ? in.readLong() : 0;
        List<Replica> replicas = list(in, from -> replica(from, version));
        return new Group(id, epoch, replicas, nextSequence, lossEpoch);
    }

    // ------------------------------------------------------------ remembered outcomes

    static void outcome(DataOutputStream out, Outcome outcome) throws IOException {
        switch (outcome) {
            case Outcome.Refused it -> {
                out.writeByte(0);
                out.writeByte(it.code().ordinal());
                text(out, it.message());
            }
            case Outcome.Nothing _ -> out.writeByte(1);
            case Outcome.Volumes it -> {
                out.writeByte(2);
                list(out, it.volumes(), RecordFormat::volume);
            }
            case Outcome.Snapshots it -> {
                out.writeByte(3);
                list(out, it.snapshots(), RecordFormat::snapshot);
                list(out, it.volumes(), RecordFormat::volume);
            }
            case Outcome.Clones it -> {
                out.writeByte(4);
                list(out, it.clones(), RecordFormat::volume);
                list(out, it.source(), RecordFormat::volume);
            }
            case Outcome.SessionOpened it -> {
                out.writeByte(5);
                out.writeLong(it.session());
            }
            case Outcome.SessionClosed it -> {
                out.writeByte(6);
                list(out, it.ended(), DataOutputStream::writeLong);
            }
            case Outcome.Attached it -> {
                out.writeByte(7);
                volume(out, it.volume());
                attachment(out, it.attachment());
                out.writeBoolean(it.barrier());
            }
            case Outcome.ChunkIdsLeased it -> {
                out.writeByte(8);
                list(
                        out,
                        it.ranges(),
                        (to, range) -> {
                            to.writeInt(range.group());
                            to.writeLong(range.first());
                            to.writeInt(range.count());
                        });
            }
            case Outcome.NodeRegistered it -> {
                out.writeByte(9);
                out.writeInt(it.node());
                list(out, it.stores(), RecordFormat::store);
                list(out, it.groups(), DataOutputStream::writeInt);
            }
            case Outcome.GroupsChanged it -> {
                out.writeByte(10);
                list(out, it.groups(), DataOutputStream::writeInt);
            }
            case Outcome.Stepped it -> {
                out.writeByte(11);
                out.writeInt(it.released());
                out.writeBoolean(it.more());
            }
            case Outcome.DueDone it -> {
                out.writeByte(12);
                out.writeInt(it.done());
                list(out, it.ended(), RecordFormat::attachment);
                out.writeBoolean(it.more());
            }
            case Outcome.PolicyPut it -> {
                out.writeByte(13);
                GovernanceFormat.policy(out, it.policy());
            }
            case Outcome.ProjectPut it -> {
                out.writeByte(14);
                GovernanceFormat.project(out, it.project());
            }
            case Outcome.RightsChanged it -> {
                out.writeByte(15);
                list(out, it.ended(), RecordFormat::attachment);
            }
        }
    }

    private static List<Volume> volumes(DataInputStream in, int version) throws IOException {
        return list(in, from -> volume(from, version));
    }

    static Outcome outcome(DataInputStream in, int version) throws IOException {
        int kind = in.readByte();
        return switch (kind) {
            case 0 -> new Outcome.Refused(Refusal.values()[in.readByte()], text(in));
            case 1 -> Outcome.Nothing.INSTANCE;
            case 2 -> new Outcome.Volumes(volumes(in, version));
            case 3 ->
                    new Outcome.Snapshots(
                            list(in, from -> snapshot(from, version)), volumes(in, version));
            case 4 -> new Outcome.Clones(volumes(in, version), volumes(in, version));
            case 5 -> new Outcome.SessionOpened(in.readLong());
            case 6 -> new Outcome.SessionClosed(list(in, DataInputStream::readLong));
            case 7 -> new Outcome.Attached(volume(in, version), attachment(in), in.readBoolean());
            case 8 ->
                    new Outcome.ChunkIdsLeased(
                            list(
                                    in,
                                    from ->
                                            new ChunkIdRange(
                                                    from.readInt(),
                                                    from.readLong(),
                                                    from.readInt())));
            case 9 ->
                    new Outcome.NodeRegistered(
                            in.readInt(),
                            list(in, from -> store(from, version)),
                            list(in, DataInputStream::readInt));
            case 10 -> new Outcome.GroupsChanged(list(in, DataInputStream::readInt));
            case 11 -> new Outcome.Stepped(in.readInt(), in.readBoolean());
            case 12 ->
                    new Outcome.DueDone(
                            in.readInt(), list(in, RecordFormat::attachment), in.readBoolean());
            case 13 -> new Outcome.PolicyPut(GovernanceFormat.policy(in, version));
            case 14 -> new Outcome.ProjectPut(GovernanceFormat.project(in, version));
            case 15 -> new Outcome.RightsChanged(list(in, RecordFormat::attachment));
            default -> throw new IOException("the metadata snapshot is damaged: outcome " + kind);
        };
    }

    static void accessKey(DataOutputStream out, AccessKey key) throws IOException {
        out.writeInt(key.number());
        out.writeLong(key.a());
        out.writeLong(key.b());
        out.writeLong(key.c());
        out.writeLong(key.d());
    }

    static AccessKey accessKey(DataInputStream in) throws IOException {
        return new AccessKey(
                in.readInt(), in.readLong(), in.readLong(), in.readLong(), in.readLong());
    }
}
