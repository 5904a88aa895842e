package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.Recorder;
import io.coppice.chaos.history.History;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.workload.Verdict.Finding;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListSnapshots;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.SnapshotName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/// Counters in the metadata: a volume's snapshots are its count. Whoever reads one sees every
/// increment that had been acknowledged before, none that had not begun, and never less than
/// somebody saw before.
final class CounterWorkload implements Workload {
    private static final int COUNTERS = 2;
    private static final long BYTES = 1L << 20;
    private static final long PACE_MILLIS = 60;
    private static final long RETRY_MILLIS = 50;

    @Override
    public String name() {
        return "counter";
    }

    @Override
    public String about() {
        return "counters in the metadata, as numbers of snapshots";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.LIBRARY, Door.LIBRARY);
    }

    @Override
    public void prepare(ControlPlane control, int clients) throws ControlException {
        for (int i = 0; i < COUNTERS; i++) {
            Workload.createVolume(control, counter(i), BYTES);
        }
    }

    private static String counter(int number) {
        return "counter" + number;
    }

    @Override
    public int workers() {
        return 3;
    }

    @Override
    public void work(ClientWorld world, int worker) {
        Recorder recorder = world.recorder(worker);
        var random = new SplittableRandom(world.identity().seed() + worker);
        String prefix = world.identity().index() + "-" + world.identity().life() + "-" + worker;
        for (int i = 0; world.working(); i++) {
            String counter = counter(random.nextInt(COUNTERS));
            if (random.nextInt(3) == 0) {
                increment(world, recorder, counter, prefix + "-" + i);
            } else {
                read(world, recorder, counter);
            }
            ClientWorld.pause(random.nextLong(PACE_MILLIS));
        }
    }

    private static void increment(
            ClientWorld world, Recorder recorder, String counter, String name) {
        recorder.change(
                "increment",
                counter,
                1,
                () -> {
                    var snapshot = SnapshotName.newBuilder().setVolume(counter).setSnapshot(name);
                    world.execute(
                            ExecuteRequest.newBuilder()
                                    .setCreateSnapshots(
                                            CreateSnapshots.newBuilder().addSnapshots(snapshot)));
                    return 1;
                });
    }

    private static boolean read(ClientWorld world, Recorder recorder, String counter) {
        var query = QueryRequest.newBuilder();
        query.setListSnapshots(ListSnapshots.newBuilder().setVolume(counter));
        return recorder.harmless("read", counter, () -> world.query(query).getSnapshotsCount())
                .ok();
    }

    @Override
    public void finish(ClientWorld world) {
        Recorder recorder = world.recorder(workers());
        for (int i = 0; i < COUNTERS; i++) {
            while (!read(world, recorder, counter(i))) {
                ClientWorld.pause(RETRY_MILLIS);
            }
        }
    }

    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        var findings = new ArrayList<Finding>();
        long judged = 0;
        List<Operation> operations = history.operations();
        for (int i = 0; i < COUNTERS; i++) {
            String counter = counter(i);
            List<Operation> of =
                    operations.stream().filter(each -> each.key().equals(counter)).toList();
            judged += of.size();
            judge(of, findings);
        }
        return new Verdict(judged, findings);
    }

    private static void judge(List<Operation> of, List<Finding> findings) {
        long[] starts = times(of, false);
        long[] ends = times(of, true);
        List<Operation> reads =
                of.stream()
                        .filter(each -> each.f().equals("read") && each.ok())
                        .sorted(Comparator.comparingLong(Operation::end))
                        .toList();
        long[] readEnds = reads.stream().mapToLong(Operation::end).toArray();
        var most = new long[reads.size() + 1]; // that the first reads have seen
        for (int i = 0; i < reads.size(); i++) {
            most[i + 1] = Math.max(most[i], reads.get(i).value());
        }
        for (Operation read : reads) {
            long least = Math.max(below(ends, read.start()), most[below(readEnds, read.start())]);
            int possible = below(starts, read.end());
            if (read.value() < least || read.value() > possible) {
                String what =
                        read.key()
                                + " reads as "
                                + read.value()
                                + " where "
                                + least
                                + " to "
                                + possible
                                + " is possible";
                findings.add(new Finding(what, List.of(read)));
            }
        }
    }

    /// When increments began, or were known to have happened; in order.
    private static long[] times(List<Operation> of, boolean ends) {
        long[] times =
                of.stream()
                        .filter(each -> each.f().equals("increment") && !each.failed())
                        .filter(each -> !ends || each.ok())
                        .mapToLong(each -> ends ? each.end() : each.start())
                        .toArray();
        Arrays.sort(times);
        return times;
    }

    private static int below(long[] times, long limit) {
        int at = Arrays.binarySearch(times, limit);
        return at < 0 ? -at - 1 : at;
    }
}
