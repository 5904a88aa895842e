package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.Recorder;
import io.coppice.chaos.client.SharedDevice;
import io.coppice.chaos.client.Volume;
import io.coppice.chaos.history.History;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.BreakAttachment;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.SnapshotName;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Clients take volumes away from one another: nobody may see or change anything of a volume once
/// another client has it. Some begin with a snapshot: then what is read of it is sealed and may
/// come from the client's memory, and what is written moves elsewhere, so that who had it before
/// knows a map that is wrong.
final class TakeoverWorkload implements Workload {
    private static final int VOLUMES = 3;
    private static final int REGISTERS = 6;
    private static final long BYTES = 24L << 20;
    private static final int OPENING = 50;
    private static final int BREAKING = 70;
    private static final int CUTTING = 80;

    /// A successor comes some seconds after the lease of who does not reach the quorum. Only who is
    /// in the midst of a hold then goes on although it cannot hear that the volume was taken away.
    private static final long PAST_LEASES_NANOS = 10_000_000_000L;

    private static final long HOLD_NANOS_MAX = 20_000_000_000L;

    /// Of so many who cannot have a volume one takes it away; a takeover lasts longer than a lease.
    private static final int PATIENT = 60;

    private static final String SNAPSHOT = "cut";
    private static final long RETRY_MILLIS = 150;
    private static final long FINISH_NANOS = 60_000_000_000L;

    @Override
    public String name() {
        return "takeover";
    }

    @Override
    public String about() {
        return "clients break one another's attachments and take the volumes over";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.LIBRARY, Door.LIBRARY);
    }

    @Override
    public void prepare(ControlPlane control, int clients) throws ControlException {
        for (int i = 0; i < VOLUMES; i++) {
            Workload.createVolume(control, volume(i), BYTES);
        }
    }

    private static String volume(int number) {
        return "prize" + number;
    }

    @Override
    public int workers() {
        return VOLUMES;
    }

    @Override
    public void work(ClientWorld world, int worker) {
        var device = new SharedDevice(world, volume(worker), OPENING + worker);
        var volume = new Volume(device, world.recorder(worker), REGISTERS, BYTES);
        Recorder breaks = world.recorder(BREAKING + worker);
        Recorder cuts = world.recorder(CUTTING + worker);
        var random = new SplittableRandom(world.identity().seed() + worker);
        var values = new Values(world.identity(), worker);
        while (world.working()) {
            if (!volume.read(random.nextInt(REGISTERS))) {
                if (random.nextInt(PATIENT) == 0) {
                    takeAway(world, breaks, worker);
                }
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
                continue;
            }
            Hold hold = Hold.any(random);
            if (random.nextInt(Hold.OF) < hold.cuts) {
                cut(world, cuts, worker);
            }
            hold(world, volume, hold, random, values);
            if (random.nextInt(3) == 0) {
                device.close();
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
            }
        }
        device.close();
    }

    private static void takeAway(ClientWorld world, Recorder breaks, int worker) {
        String volume = volume(worker);
        breaks.change(
                "break",
                volume,
                0,
                () -> {
                    world.execute(
                            ExecuteRequest.newBuilder()
                                    .setBreakAttachment(
                                            BreakAttachment.newBuilder().setVolume(volume)));
                    return 0;
                });
    }

    /// Everything that is written from now on goes elsewhere.
    private static void cut(ClientWorld world, Recorder cuts, int worker) {
        var snapshot = SnapshotName.newBuilder().setVolume(volume(worker)).setSnapshot(SNAPSHOT);
        cuts.change(
                "snapshot",
                volume(worker),
                0,
                () -> {
                    try {
                        world.execute(
                                ExecuteRequest.newBuilder()
                                        .setCreateSnapshots(
                                                CreateSnapshots.newBuilder()
                                                        .addSnapshots(snapshot)));
                    } finally {
                        delete(world, snapshot);
                    }
                    return 0;
                });
    }

    /// It may be there though nobody was told so.
    private static void delete(ClientWorld world, SnapshotName.Builder snapshot)
            throws IOException {
        world.execute(
                ExecuteRequest.newBuilder()
                        .setDeleteSnapshot(DeleteSnapshot.newBuilder().setSnapshot(snapshot)));
    }

    /// What is done with a volume. A read that is refused tells of a takeover as well as a write,
    /// so most holds only read or only write: each meets one check alone, and lasts until it has.
    ///
    /// Who reads begins with a snapshot more often, since only what is sealed is read without
    /// asking a node. Who writes does seldom: the seal would refuse what its predecessor writes,
    /// though no fence did.
    private enum Hold {
        READS(0, 3, PAST_LEASES_NANOS),
        WRITES(REGISTERS, 1, PAST_LEASES_NANOS),
        /// Some registers are left alone, so that what is sealed there stays so.
        BOTH(REGISTERS / 2, 2, 0);

        private static final int OF = 4;
        private static final List<Hold> DRAWN = List.of(READS, READS, WRITES, WRITES, BOTH);

        /// So many registers may be written to.
        private final int written;

        /// Of four so many begin with a snapshot.
        private final int cuts;

        private final long nanosMin;

        Hold(int written, int cuts, long nanosMin) {
            this.written = written;
            this.cuts = cuts;
            this.nanosMin = nanosMin;
        }

        static Hold any(SplittableRandom random) {
            return DRAWN.get(random.nextInt(DRAWN.size()));
        }

        boolean writes(int register, SplittableRandom random) {
            return register < written && (this != BOTH || random.nextBoolean());
        }
    }

    private static void hold(
            ClientWorld world, Volume volume, Hold hold, SplittableRandom random, Values values) {
        long end = System.nanoTime() + random.nextLong(hold.nanosMin, HOLD_NANOS_MAX);
        boolean holds = true;
        while (holds && world.working() && System.nanoTime() < end) {
            int register = random.nextInt(REGISTERS);
            holds =
                    hold.writes(register, random)
                            ? volume.write(register, values.next(), false)
                            : volume.read(register);
        }
    }

    /// The first client reads what is left; the others have let go.
    @Override
    public void finish(ClientWorld world) {
        if (world.identity().index() != 1) {
            return;
        }
        long end = System.nanoTime() + FINISH_NANOS;
        for (int i = 0; i < VOLUMES; i++) {
            var device = new SharedDevice(world, volume(i), OPENING + VOLUMES + i);
            RegisterWorkload.readAll(
                    new Volume(device, world.recorder(VOLUMES + i), REGISTERS, BYTES), end);
            device.close();
        }
    }

    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        return new RegisterJudge(history.operations(), blackouts, Map.of()).judge();
    }
}
