package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.Recorder;
import io.coppice.chaos.client.RefusedException;
import io.coppice.chaos.history.History;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.workload.Verdict.Finding;
import io.coppice.check.Linearizer;
import io.coppice.check.Linearizer.Timed;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RenameVolume;
import io.coppice.wire.pb.VolumeInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Volumes are made, renamed, deleted and listed: the set of their names is linearizable, and what
/// is sent again is not done again. Each family of names is one key; a value is a command and its
/// answer, or the set of names that a list showed.
final class VolumesWorkload implements Workload {
    private static final int NAMES = 4;
    private static final long BYTES = 1L << 20;
    private static final long RETRY_MILLIS = 50;

    /// A refused command is certain to have changed nothing, and tells of the state it met.
    private static final int REFUSED = 1_000;

    private static final int WITNESSES_MAX = 20;

    @Override
    public String name() {
        return "volumes";
    }

    @Override
    public String about() {
        return "volumes made, renamed, deleted and listed";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.LIBRARY, Door.LIBRARY);
    }

    @Override
    public void prepare(ControlPlane control, int clients) {}

    @Override
    public int workers() {
        return 3;
    }

    /// Two workers, of neighbouring clients, share a family.
    private static String family(ClientWorld world, int worker) {
        int client = world.identity().index();
        return worker == 2
                ? "shared" + (client + 1) / 2 + "-"
                : "own" + client + "-" + worker + "-";
    }

    @Override
    public void work(ClientWorld world, int worker) {
        Recorder recorder = world.recorder(worker);
        String family = family(world, worker);
        var random = new SplittableRandom(world.identity().seed() + worker);
        while (world.working()) {
            int name = random.nextInt(NAMES);
            boolean done =
                    switch (random.nextInt(4)) {
                        case 0 ->
                                change(
                                        recorder,
                                        "create",
                                        family,
                                        name,
                                        create(world, family + name));
                        case 1 ->
                                change(
                                        recorder,
                                        "delete",
                                        family,
                                        name,
                                        delete(world, family + name));
                        case 2 -> {
                            int to = (name + 1 + random.nextInt(NAMES - 1)) % NAMES;
                            yield change(
                                    recorder,
                                    "rename",
                                    family,
                                    name * NAMES + to,
                                    rename(world, family + name, family + to));
                        }
                        default -> list(world, recorder, family);
                    };
            if (!done) {
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
            }
        }
    }

    /// A command to the quorum.
    private interface Command {
        void run() throws IOException;
    }

    private static boolean change(
            Recorder recorder, String f, String family, int what, Command command) {
        return recorder.change(
                        f,
                        family,
                        what,
                        () -> {
                            try {
                                command.run();
                                return what;
                            } catch (RefusedException refused) {
                                if (refused.code() == Code.CODE_EXISTS
                                        || refused.code() == Code.CODE_NOT_FOUND) {
                                    return what + REFUSED;
                                }
                                throw refused;
                            }
                        })
                .ok();
    }

    private static Command create(ClientWorld world, String name) {
        return () ->
                world.execute(
                        ExecuteRequest.newBuilder()
                                .setCreateVolume(
                                        CreateVolume.newBuilder().setName(name).setSize(BYTES)));
    }

    private static Command delete(ClientWorld world, String name) {
        return () ->
                world.execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteVolume(
                                        DeleteVolume.newBuilder().setName(name).setNow(true)));
    }

    private static Command rename(ClientWorld world, String name, String to) {
        return () ->
                world.execute(
                        ExecuteRequest.newBuilder()
                                .setRenameVolume(
                                        RenameVolume.newBuilder().setName(name).setNewName(to)));
    }

    private static boolean list(ClientWorld world, Recorder recorder, String family) {
        return recorder.harmless(
                        "list",
                        family,
                        () -> {
                            long names = 0;
                            var query = QueryRequest.newBuilder();
                            query.setListVolumes(ListVolumes.getDefaultInstance());
                            for (VolumeInfo volume : world.query(query).getVolumesList()) {
                                if (volume.getName().startsWith(family)) {
                                    names |=
                                            1L
                                                    << Integer.parseInt(
                                                            volume.getName()
                                                                    .substring(family.length()));
                                }
                            }
                            return names;
                        })
                .ok();
    }

    @Override
    public void finish(ClientWorld world) {
        Recorder recorder = world.recorder(workers());
        for (int worker = 0; worker < workers(); worker++) {
            while (!list(world, recorder, family(world, worker))) {
                ClientWorld.pause(RETRY_MILLIS);
            }
        }
    }

    // ------------------------------------------------------------ the judge

    /// A set of names, as bits.
    private static final class Names implements Linearizer.Model<Long, Operation> {
        @Override
        public Long first() {
            return 0L;
        }

        @Override
        public @Nullable Long apply(Long state, Operation operation) {
            int what = (int) operation.value();
            boolean refused = operation.ok() && what >= REFUSED;
            what %= REFUSED;
            long after = state;
            boolean possible;
            switch (operation.f()) {
                case "create" -> {
                    possible = !has(state, what);
                    after |= bit(what);
                }
                case "delete" -> {
                    possible = has(state, what);
                    after &= ~bit(what);
                }
                case "rename" -> {
                    possible = has(state, what / NAMES) && !has(state, what % NAMES);
                    after = after & ~bit(what / NAMES) | bit(what % NAMES);
                }
                default -> {
                    return state == operation.value() ? state : null;
                }
            }
            if (!operation.ok()) {
                return possible ? after : state; // what was not told may have been refused
            }
            if (refused) {
                return possible ? null : state;
            }
            return possible ? after : null;
        }

        private static long bit(int name) {
            return 1L << name;
        }

        private static boolean has(long state, int name) {
            return (state & bit(name)) != 0;
        }
    }

    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        Map<String, List<Operation>> families = new TreeMap<>();
        long judged = 0;
        for (Operation each : history.operations()) {
            if (!each.failed() && !each.f().equals("open")) {
                families.computeIfAbsent(each.key(), _ -> new ArrayList<>()).add(each);
                judged++;
            }
        }
        var findings = new ArrayList<Finding>();
        families.forEach((family, of) -> {
            Timed<Operation> misfit = misfit(of);
            if (misfit != null) {
                findings.add(
                        new Finding(
                                family + ": no order explains " + misfit.operation(),
                                witnesses(of, misfit)));
            }
        });
        return new Verdict(judged, findings);
    }

    /// The misfit and what came before it. Commands cannot be left out: each makes the next
    /// possible.
    private static List<Operation> witnesses(List<Operation> of, Timed<Operation> misfit) {
        List<Operation> before = of.stream().filter(each -> each.start() <= misfit.end()).toList();
        return before.subList(Math.max(0, before.size() - WITNESSES_MAX), before.size());
    }

    private static @Nullable Timed<Operation> misfit(List<Operation> of) {
        return new Linearizer<>(new Names())
                .misfit(
                        of.stream()
                                .map(each -> new Timed<>(each, each.start(), each.end()))
                                .toList());
    }
}
