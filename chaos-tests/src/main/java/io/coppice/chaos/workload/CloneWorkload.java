package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.Recorder;
import io.coppice.chaos.client.SharedDevice;
import io.coppice.chaos.client.Volume;
import io.coppice.chaos.history.Event.Type;
import io.coppice.chaos.history.History;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.workload.Verdict.Finding;
import io.coppice.check.Register;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.SnapshotName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Volumes are written while they are snapshotted and cloned: each clone begins as one moment of
/// its origin, and from then on neither sees what is written to the other. Snapshots, clones and
/// origins of clones are deleted meanwhile.
final class CloneWorkload implements Workload {
    private static final int WRITERS = 2;
    private static final int REGISTERS = 12;
    private static final long BYTES = 48L << 20;
    private static final int OPENING = 50;
    private static final int USING = 60;

    /// Ends the name of a clone of a clone.
    private static final String SECOND = "b";

    private static final long RETRY_MILLIS = 100;
    private static final long FINISH_NANOS = 60_000_000_000L;
    private static final int WRITES_EACH = 12;

    private final Map<Integer, SharedDevice> shared = new HashMap<>();

    @Override
    public String name() {
        return "clones";
    }

    @Override
    public String about() {
        return "snapshots and clones of volumes that are written: exact cuts, isolation, deletion";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.LIBRARY);
    }

    @Override
    public void prepare(ControlPlane control, int clients) throws ControlException {
        for (int i = 1; i <= clients; i++) {
            Workload.createVolume(control, "origin" + i, BYTES);
        }
    }

    @Override
    public int workers() {
        return WRITERS + 1;
    }

    private static String origin(ClientWorld world) {
        return "origin" + world.identity().index();
    }

    private synchronized Volume volume(ClientWorld world, int worker) {
        var device =
                shared.computeIfAbsent(0, _ -> new SharedDevice(world, origin(world), OPENING));
        return new Volume(device, world.recorder(worker), REGISTERS, BYTES);
    }

    @Override
    public void work(ClientWorld world, int worker) {
        var random = new SplittableRandom(world.identity().seed() + worker);
        var values = new Values(world.identity(), worker);
        if (worker == WRITERS) {
            cloneOnAndOn(world, world.recorder(worker), random, values);
            return;
        }
        Volume volume = volume(world, worker);
        while (world.working()) {
            int register = random.nextInt(REGISTERS);
            boolean done =
                    random.nextInt(4) == 0
                            ? volume.read(register)
                            : volume.write(register, values.next(), false);
            if (!done) {
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
            }
        }
    }

    // ------------------------------------------------------------ clones

    private static void cloneOnAndOn(
            ClientWorld world, Recorder recorder, SplittableRandom random, Values values) {
        Recorder user = world.recorder(USING);
        for (int i = 0; world.working(); i++) {
            String id = world.identity().index() + "-" + world.identity().life() + "-" + i;
            try {
                cloneOnce(world, recorder, user, random, values, id);
            } catch (IOException notNow) {
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
            }
        }
    }

    /// A snapshot, a clone of it, sometimes a clone of that; each is read, written, read and
    /// deleted, in any order.
    private static void cloneOnce(
            ClientWorld world,
            Recorder recorder,
            Recorder user,
            SplittableRandom random,
            Values values,
            String id)
            throws IOException {
        String clone = "clone" + id;
        SnapshotName snapshot =
                SnapshotName.newBuilder().setVolume(origin(world)).setSnapshot("s" + id).build();
        if (!cut(recorder, clone, () -> snapshot(world, snapshot))) {
            return;
        }
        clone(world, snapshot.getVolume(), snapshot.getSnapshot(), clone);
        if (random.nextBoolean()) {
            delete(world, snapshot);
        }
        use(world, user, random, values, clone);
        String second = clone + SECOND;
        if (random.nextInt(3) == 0
                && cut(recorder, second, () -> clone(world, clone, "", second))) {
            deleteVolume(world, clone);
            use(world, user, random, values, second);
            deleteVolume(world, second);
        } else {
            deleteVolume(world, clone);
        }
    }

    /// Something that takes one moment of a volume, of which `clone` is the copy.
    private interface Cut {
        void take() throws IOException;
    }

    private static boolean cut(Recorder recorder, String clone, Cut cut) {
        return recorder.change(
                        "snapshot",
                        clone,
                        0,
                        () -> {
                            cut.take();
                            return 0;
                        })
                .ok();
    }

    private static void snapshot(ClientWorld world, SnapshotName name) throws IOException {
        world.execute(
                ExecuteRequest.newBuilder()
                        .setCreateSnapshots(CreateSnapshots.newBuilder().addSnapshots(name)));
    }

    private static void use(
            ClientWorld world,
            Recorder user,
            SplittableRandom random,
            Values values,
            String clone) {
        var device = new SharedDevice(world, clone, OPENING + 1);
        var volume = new Volume(device, user, REGISTERS, BYTES);
        for (int i = 0; i < REGISTERS; i++) {
            volume.read(i);
        }
        for (int i = 0; i < WRITES_EACH; i++) {
            int register = random.nextInt(REGISTERS);
            volume.write(register, values.next(), false);
            volume.read(random.nextInt(REGISTERS));
        }
        for (int i = 0; i < REGISTERS; i++) {
            volume.read(i);
        }
        device.close();
    }

    private static void clone(ClientWorld world, String volume, String snapshot, String name)
            throws IOException {
        world.execute(
                ExecuteRequest.newBuilder()
                        .setCreateClones(
                                CreateClones.newBuilder()
                                        .setVolume(volume)
                                        .setSnapshot(snapshot)
                                        .addNames(name)));
    }

    private static void delete(ClientWorld world, SnapshotName snapshot) throws IOException {
        world.execute(
                ExecuteRequest.newBuilder()
                        .setDeleteSnapshot(DeleteSnapshot.newBuilder().setSnapshot(snapshot)));
    }

    private static void deleteVolume(ClientWorld world, String name) throws IOException {
        world.execute(
                ExecuteRequest.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setName(name).setNow(true)));
    }

    @Override
    public void finish(ClientWorld world) {
        Volume volume = volume(world, workers());
        RegisterWorkload.readAll(volume, System.nanoTime() + FINISH_NANOS);
        shared.values().forEach(SharedDevice::close);
    }

    // ------------------------------------------------------------ the judge

    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        List<Operation> operations = history.operations();
        Map<String, String> parents = parents(operations);
        Map<String, Map<String, Operation>> cuts =
                blackouts.isEmpty() ? cuts(operations, parents) : Map.of();
        var all = new ArrayList<>(operations);
        cuts.values().forEach(seen -> all.addAll(seen.values()));
        all.sort(Comparator.comparingLong(Operation::start));
        var judge = new RegisterJudge(all, blackouts, parents);
        Verdict verdict = judge.judge();
        var findings = new ArrayList<>(verdict.findings());
        var origins = new HashMap<String, Map<String, Register>>();
        cuts.forEach((clone, seen) -> {
            String parent = parents.get(clone);
            String wrong = wrong(origins.computeIfAbsent(parent, judge::registers), seen);
            if (wrong != null) {
                findings.add(new Finding(clone + " " + wrong, List.copyOf(seen.values())));
            }
        });
        return new Verdict(verdict.judged(), findings);
    }

    /// Of each clone what it is a copy of: another clone, or its client's volume.
    private static Map<String, String> parents(List<Operation> operations) {
        var parents = new TreeMap<String, String>();
        for (Operation each : operations) {
            if (each.f().equals("snapshot")) {
                String clone = each.key();
                parents.put(
                        clone,
                        clone.endsWith(SECOND)
                                ? clone.substring(0, clone.length() - SECOND.length())
                                : "origin" + clone.substring("clone".length(), clone.indexOf('-')));
            }
        }
        return parents;
    }

    /// What the first reads of each clone saw, as reads of its parent while the cut was made.
    private static Map<String, Map<String, Operation>> cuts(
            List<Operation> operations, Map<String, String> parents) {
        var snapshots = new HashMap<String, Operation>();
        var written = new HashSet<String>();
        Map<String, Map<String, Operation>> cuts = new TreeMap<>();
        for (Operation each : operations) {
            int slash = each.key().lastIndexOf('/');
            if (each.f().equals("snapshot") && each.ok()) {
                snapshots.put(each.key(), each);
            } else if (slash > 0 && parents.containsKey(each.key().substring(0, slash))) {
                String clone = each.key().substring(0, slash);
                Operation snapshot = snapshots.get(clone);
                if (!each.f().equals("read")) {
                    written.add(each.key());
                } else if (snapshot != null && each.ok() && !written.contains(each.key())) {
                    String key = parents.get(clone) + each.key().substring(slash);
                    cuts.computeIfAbsent(clone, _ -> new TreeMap<>())
                            .putIfAbsent(key, asReadOf(key, snapshot, each));
                }
            }
        }
        return cuts;
    }

    private static Operation asReadOf(String key, Operation snapshot, Operation read) {
        return new Operation(
                read.process(),
                "read",
                key,
                read.value(),
                null,
                snapshot.start(),
                snapshot.end(),
                Type.OK,
                null);
    }

    /// What was acknowledged before something that is in a cut began must be in it too.
    private static @Nullable String wrong(
            Map<String, Register> origin, Map<String, Operation> seen) {
        long newest = Long.MIN_VALUE;
        long end = 0;
        for (var one : seen.entrySet()) {
            Register register = origin.get(one.getKey());
            Register.Write in = register == null ? null : register.writeOf(one.getValue().value());
            newest = in == null ? newest : Math.max(newest, in.start);
            end = one.getValue().end();
        }
        for (var one : seen.entrySet()) {
            Register register = origin.get(one.getKey());
            Register.Write missing =
                    register == null ? null : register.missing(one.getValue().value(), newest, end);
            if (missing != null) {
                return "is no cut: it has something that began at "
                        + Register.at(newest)
                        + ", but not the "
                        + missing
                        + " of "
                        + one.getKey()
                        + ", acknowledged by "
                        + Register.at(missing.end);
            }
        }
        return null;
    }
}
