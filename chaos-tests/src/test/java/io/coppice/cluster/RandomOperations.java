package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.RenameVolume;
import io.coppice.wire.pb.RollbackVolume;
import io.coppice.wire.pb.SnapshotName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// One seeded sequence of random operations, done to the cluster through the client library and to
/// the model. Volumes stay open between operations, so that cuts meet attached volumes with cached
/// maps.
final class RandomOperations {
    private static final int VOLUMES_MAX = 6;
    private static final int SNAPSHOTS_MAX = 8;
    private static final int BLOCK = 4096;

    private final Random random;
    private final CoppiceClient client;
    private final String prefix;
    private final int sizeMax;
    private final VolumesModel model = new VolumesModel();
    private final Map<String, BlockDevice> open = new HashMap<>();
    private final List<String> history = new ArrayList<>();
    private int names;

    RandomOperations(CoppiceClient client, long seed, int sizeMax) {
        this.random = new Random(seed);
        this.client = client;
        this.prefix = "s" + seed + "/";
        this.sizeMax = sizeMax;
    }

    /// Runs `steps` operations, compares everything, and deletes everything in random order.
    void run(int steps) throws Exception {
        try {
            for (int step = 0; step < steps; step++) {
                step();
            }
            for (String volume : List.copyOf(model.volumes.keySet())) {
                compareWhole(volume);
            }
            for (String snapshot : List.copyOf(model.snapshots.keySet())) {
                compareSnapshot(snapshot);
            }
            while (!model.volumes.isEmpty()) {
                deleteVolume(pick(model.volumes.keySet()));
                if (!model.volumes.isEmpty()) {
                    compareWhole(pick(model.volumes.keySet()));
                }
            }
        } catch (Exception | AssertionError e) {
            throw new AssertionError(prefix + ": " + e + "; history: " + history, e);
        }
    }

    private void step() throws Exception {
        if (model.volumes.isEmpty()) {
            create();
            return;
        }
        String volume = pick(model.volumes.keySet());
        switch (random.nextInt(24)) {
            case 0 -> create();
            case 1 -> snapshot(volume);
            case 2, 3 -> cloneOf();
            case 4 -> rollback();
            case 5 -> deleteSomething(volume);
            case 6 -> resize(volume);
            case 7 -> rename(volume);
            case 8 -> close(volume);
            case 9 -> compareWhole(volume);
            case 10 -> compareSomeSnapshot();
            case 11, 12 -> discard(volume, random.nextBoolean());
            case 13, 14 -> burst(volume);
            case 15, 16, 17 -> readBack(volume);
            default -> write(volume);
        }
    }

    // ---------------------------------------------------------------- data

    private void write(String volume) throws Exception {
        int[] range = range(volume);
        byte[] data = noise(range[1]);
        note("write " + volume + " " + range[0] + "+" + range[1]);
        device(volume).blocking().write(range[0], data, 0, data.length);
        model.write(volume, range[0], data);
    }

    /// Writes that do not overlap, all under way at once, while a snapshot is not.
    private void burst(String volume) throws Exception {
        int size = model.bytes(volume).length;
        int count = 1 + random.nextInt(8);
        int share = size / count / BLOCK * BLOCK;
        if (share == 0) {
            return;
        }
        var device = device(volume);
        var all = new ArrayList<java.util.concurrent.CompletableFuture<Void>>();
        note("burst " + volume + " of " + count);
        for (int i = 0; i < count; i++) {
            int from = i * share + random.nextInt(share);
            int length = 1 + random.nextInt(i * share + share - from);
            byte[] data = noise(length);
            all.add(device.write(from, io.netty.buffer.Unpooled.wrappedBuffer(data)));
            model.write(volume, from, data);
        }
        for (var one : all) {
            one.get();
        }
    }

    private void discard(String volume, boolean zeroes) throws Exception {
        int[] range = range(volume);
        note((zeroes ? "zero " : "discard ") + volume + " " + range[0] + "+" + range[1]);
        if (zeroes) {
            device(volume).blocking().writeZeroes(range[0], range[1], random.nextBoolean());
            model.zero(volume, range[0], range[1]);
        } else {
            // A discard clears whole blocks; what it does to the rest of a block is not promised,
            // so only
            // whole ones are asked for.
            int from = (range[0] + BLOCK - 1) / BLOCK * BLOCK;
            int length = (range[0] + range[1]) / BLOCK * BLOCK - from;
            if (length > 0) {
                device(volume).blocking().discard(from, length);
                model.zero(volume, from, length);
            }
        }
    }

    private void readBack(String volume) throws Exception {
        int[] range = range(volume);
        var actual = new byte[range[1]];
        note("read " + volume + " " + range[0] + "+" + range[1]);
        device(volume).blocking().read(range[0], actual, 0, actual.length);
        byte[] expected =
                java.util.Arrays.copyOfRange(model.bytes(volume), range[0], range[0] + range[1]);
        assertArrayEquals(expected, actual, volume + " at " + range[0]);
    }

    private void compareWhole(String volume) throws Exception {
        note("compare " + volume);
        compare(device(volume), model.bytes(volume));
    }

    private void compareSomeSnapshot() throws Exception {
        if (!model.snapshots.isEmpty()) {
            compareSnapshot(pick(model.snapshots.keySet()));
        }
    }

    private void compareSnapshot(String snapshot) throws Exception {
        note("compare " + snapshot);
        try (BlockDevice device = client.open(snapshot)) {
            assertEquals(true, device.readOnly());
            compare(device, model.frozen(snapshot));
        }
    }

    private static void compare(BlockDevice device, byte[] expected) throws Exception {
        assertEquals(expected.length, device.size(), device.name() + " size");
        var actual = new byte[expected.length];
        device.blocking().read(0, actual, 0, actual.length);
        assertArrayEquals(expected, actual, device.name());
    }

    // ---------------------------------------------------------------- names

    private void create() throws Exception {
        if (model.volumes.size() >= VOLUMES_MAX) {
            return;
        }
        String name = name();
        int size = size();
        note("create " + name + " " + size);
        control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateVolume(
                                        CreateVolume.newBuilder().setName(name).setSize(size)));
        model.create(name, size);
    }

    /// Of one volume or of several in one cut.
    private void snapshot(String volume) throws Exception {
        if (model.snapshots.size() >= SNAPSHOTS_MAX) {
            return;
        }
        var cut = CreateSnapshots.newBuilder();
        var chosen = new java.util.TreeSet<>(List.of(volume, pick(model.volumes.keySet())));
        String label = "n" + names++;
        for (String one : chosen) {
            cut.addSnapshots(snapshotName(one + "@" + label));
        }
        note("snapshot " + chosen + "@" + label);
        control().execute(ExecuteRequest.newBuilder().setCreateSnapshots(cut));
        chosen.forEach(one -> model.snapshot(one, label));
    }

    private void cloneOf() throws Exception {
        if (model.volumes.size() >= VOLUMES_MAX) {
            return;
        }
        boolean ofSnapshot = !model.snapshots.isEmpty() && random.nextBoolean();
        String source = pick(ofSnapshot ? model.snapshots.keySet() : model.volumes.keySet());
        String name = name();
        note("clone " + source + " " + name);
        int at = source.indexOf('@');
        control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateClones(
                                        CreateClones.newBuilder()
                                                .setVolume(
                                                        at < 0 ? source : source.substring(0, at))
                                                .setSnapshot(at < 0 ? "" : source.substring(at + 1))
                                                .addNames(name)));
        model.cloneOf(source, name);
    }

    private void rollback() throws Exception {
        if (model.snapshots.isEmpty()) {
            return;
        }
        String snapshot = pick(model.snapshots.keySet());
        String volume = snapshot.substring(0, snapshot.indexOf('@'));
        close(volume);
        note("rollback " + snapshot);
        control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setRollbackVolume(
                                        RollbackVolume.newBuilder()
                                                .setSnapshot(snapshotName(snapshot))));
        model.rollback(snapshot);
    }

    private void deleteSomething(String volume) throws Exception {
        if (!model.snapshots.isEmpty() && random.nextInt(3) > 0) {
            String snapshot = pick(model.snapshots.keySet());
            note("delete " + snapshot);
            control()
                    .execute(
                            ExecuteRequest.newBuilder()
                                    .setDeleteSnapshot(
                                            DeleteSnapshot.newBuilder()
                                                    .setSnapshot(snapshotName(snapshot))));
            model.snapshots.remove(snapshot);
        } else {
            deleteVolume(volume);
        }
    }

    private void deleteVolume(String volume) throws Exception {
        close(volume);
        note("delete " + volume);
        control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteVolume(
                                        DeleteVolume.newBuilder().setName(volume).setNow(true)));
        model.delete(volume);
    }

    private void resize(String volume) throws Exception {
        int size = size();
        if (size < model.bytes(volume).length) {
            close(volume); // shrinking under a writer is refused
        }
        note("resize " + volume + " " + size);
        client.resize(volume, size);
        model.resize(volume, size);
        close(volume); // a size change reaches an open device a little later; that is tested
        // elsewhere
    }

    private void rename(String volume) throws Exception {
        close(volume);
        String name = name();
        note("rename " + volume + " " + name);
        control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setRenameVolume(
                                        RenameVolume.newBuilder()
                                                .setName(volume)
                                                .setNewName(name)));
        model.rename(volume, name);
    }

    private void close(String volume) {
        BlockDevice device = open.remove(volume);
        if (device != null) {
            note("close " + volume);
            device.close();
        }
    }

    // ---------------------------------------------------------------- helpers

    private BlockDevice device(String volume) throws Exception {
        BlockDevice device = open.get(volume);
        if (device == null) {
            device = client.open(volume);
            open.put(volume, device);
        }
        return device;
    }

    private ControlPlane control() {
        return client.control();
    }

    private static SnapshotName snapshotName(String snapshot) {
        int at = snapshot.indexOf('@');
        return SnapshotName.newBuilder()
                .setVolume(snapshot.substring(0, at))
                .setSnapshot(snapshot.substring(at + 1))
                .build();
    }

    private String name() {
        return prefix + "v" + names++;
    }

    private int size() {
        return (1 + random.nextInt(sizeMax / BLOCK)) * BLOCK;
    }

    private int[] range(String volume) {
        int size = model.bytes(volume).length;
        boolean aligned = random.nextBoolean();
        int grain = aligned ? BLOCK : 1;
        int from = random.nextInt(size / grain) * grain;
        int reach = Math.min(size - from, random.nextInt(4) == 0 ? sizeMax : 6 * BLOCK);
        int length = Math.max(grain, (1 + random.nextInt(reach)) / grain * grain);
        return new int[] {from, length};
    }

    private byte[] noise(int length) {
        var data = new byte[length];
        random.nextBytes(data);
        return data;
    }

    private <T> T pick(java.util.Collection<T> all) {
        return List.copyOf(all).get(random.nextInt(all.size()));
    }

    private void note(String what) {
        history.add(what);
    }
}
