package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.SharedDevice;
import io.coppice.chaos.client.Volume;
import io.coppice.chaos.history.History;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/// Many workers read and write few blocks: one volume for each client of the library, one for all
/// clients by NBD.
class RegisterWorkload implements Workload {
    static final int REGISTERS = 48;
    static final long BYTES = 64L << 20;
    private static final int WORKERS = 6;
    private static final int OPENING = 50;
    private static final long RETRY_MILLIS = 100;
    private static final long FINISH_NANOS = 60_000_000_000L;

    /// Of this process: the workers of a client of the library share one device.
    private final Map<Integer, SharedDevice> shared = new ConcurrentHashMap<>();

    @Override
    public String name() {
        return "register";
    }

    @Override
    public String about() {
        return "reads, writes, zeroes and flushes of single blocks by many workers";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.NBD, Door.LIBRARY, Door.NBD);
    }

    @Override
    public void prepare(ControlPlane control, int clients) throws ControlException {
        Workload.createVolume(control, "nbd", BYTES);
        for (int i = 1; i <= clients; i++) {
            Workload.createVolume(control, "client" + i, BYTES);
        }
    }

    @Override
    public int workers() {
        return WORKERS;
    }

    /// Uses a volume of this process's own, or the one of all NBD clients.
    private Volume volume(ClientWorld world, int worker) {
        boolean nbd = world.identity().door() == Door.NBD;
        int sharing = nbd ? worker : 0;
        String name = nbd ? "nbd" : world.identity().name();
        var device =
                shared.computeIfAbsent(
                        sharing, number -> new SharedDevice(world, name, OPENING + number));
        return new Volume(device, world.recorder(worker), REGISTERS, BYTES);
    }

    @Override
    public void work(ClientWorld world, int worker) {
        Volume volume = volume(world, worker);
        var random = new SplittableRandom(world.identity().seed() + worker);
        var values = new Values(world.identity(), worker);
        while (world.working()) {
            pace(random);
            if (!one(volume, random, values)) {
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
            }
        }
    }

    /// Before each operation.
    void pace(SplittableRandom random) {}

    private static boolean one(Volume volume, SplittableRandom random, Values values) {
        int register = random.nextInt(volume.registers());
        int what = random.nextInt(100);
        if (what < 48) {
            return volume.read(register);
        }
        if (what < 88) {
            return volume.write(register, values.next(), false);
        }
        if (what < 91) {
            return volume.write(register, values.next(), true);
        }
        return what < 94 ? volume.zero(register, values.next()) : volume.flush();
    }

    @Override
    public void finish(ClientWorld world) {
        Volume volume = volume(world, WORKERS);
        readAll(volume, System.nanoTime() + FINISH_NANOS);
        shared.values().forEach(SharedDevice::close);
    }

    static void readAll(Volume volume, long end) {
        for (int i = 0; i < volume.registers(); i++) {
            while (!volume.read(i)) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException("block " + i + " cannot be read at the end");
                }
                ClientWorld.pause(RETRY_MILLIS);
            }
        }
    }

    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        return new RegisterJudge(history.operations(), blackouts, Map.of()).judge();
    }
}
