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

/// A log: blocks are written one after the other, and a flush follows every few of them, or each is
/// durable at once. What a flush covered must be there for ever, whatever loses its power.
final class AppendWorkload implements Workload {
    private static final int RECORDS = 2_048;
    private static final long BYTES = 64L << 20;
    private static final int WORKERS = 2;
    private static final int BATCH_MAX = 12;
    private static final long RETRY_MILLIS = 50;
    private static final long FINISH_NANOS = 60_000_000_000L;
    private static final int OPENING = 50;

    @Override
    public String name() {
        return "append";
    }

    @Override
    public String about() {
        return "logs, flushed every few records or written through";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.NBD, Door.LIBRARY);
    }

    @Override
    public void prepare(ControlPlane control, int clients) throws ControlException {
        for (int client = 1; client <= clients; client++) {
            for (int worker = 0; worker < WORKERS; worker++) {
                Workload.createVolume(control, log(client, worker), BYTES);
            }
        }
    }

    private static String log(int client, int worker) {
        return "log" + client + "-" + worker;
    }

    @Override
    public int workers() {
        return WORKERS;
    }

    private static SharedDevice device(ClientWorld world, int worker, int recorder) {
        return new SharedDevice(world, log(world.identity().index(), worker), OPENING + recorder);
    }

    @Override
    public void work(ClientWorld world, int worker) {
        SharedDevice device = device(world, worker, worker);
        var log = new Volume(device, world.recorder(worker), RECORDS, BYTES);
        var random = new SplittableRandom(world.identity().seed() + worker);
        var values = new Values(world.identity(), worker);
        int at = 0;
        while (world.working()) {
            if (random.nextInt(8) == 0) {
                at += append(log, at, values, true);
            } else {
                int batch = 1 + random.nextInt(BATCH_MAX);
                for (int i = 0; i < batch; i++) {
                    at += append(log, at, values, false);
                }
                log.flush();
            }
            if (random.nextInt(4) == 0) {
                log.read(Math.floorMod(at - 1 - random.nextInt(BATCH_MAX), RECORDS));
            }
        }
        device.close();
    }

    private static int append(Volume log, int at, Values values, boolean durable) {
        if (log.write(at % RECORDS, values.next(), durable)) {
            return 1;
        }
        ClientWorld.pause(RETRY_MILLIS);
        return 0;
    }

    @Override
    public void finish(ClientWorld world) {
        for (int worker = 0; worker < WORKERS; worker++) {
            SharedDevice device = device(world, worker, WORKERS + worker);
            RegisterWorkload.readAll(
                    new Volume(device, world.recorder(WORKERS + worker), RECORDS, BYTES),
                    System.nanoTime() + FINISH_NANOS);
            device.close();
        }
    }

    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        return new RegisterJudge(history.operations(), blackouts, Map.of()).judge();
    }
}
