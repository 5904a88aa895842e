package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.history.History;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import java.util.List;

/// A way of using volumes, with its judge. The harness prepares and judges; the workers run in the
/// processes of the clients.
public interface Workload {
    /// As it is named on the command line.
    String name();

    /// One line for people.
    String about();

    /// By which doors its clients come in, one after the other.
    List<Door> doors();

    /// Makes what the clients expect.
    void prepare(ControlPlane control, int clients) throws ControlException;

    /// Workers of each client.
    int workers();

    /// Works until the world's client is told to rest.
    void work(ClientWorld world, int worker);

    /// Once nothing is wrong any more: reads what is there.
    void finish(ClientWorld world);

    /// What is wrong with what happened.
    ///
    /// @param blackouts when all storage nodes had lost their power, in nanoseconds
    Verdict judge(History history, List<Long> blackouts);

    /// All of them.
    static List<Workload> all() {
        return List.of(
                new RegisterWorkload(),
                new TakeoverWorkload(),
                new AppendWorkload(),
                new BankWorkload(),
                new CloneWorkload(),
                new VolumesWorkload(),
                new CounterWorkload(),
                new BurstWorkload());
    }

    static Workload of(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no workload "
                                        + name
                                        + "; there are "
                                        + all().stream().map(Workload::name).toList()));
    }

    /// Makes an empty volume.
    static void createVolume(ControlPlane control, String name, long bytes)
            throws ControlException {
        control.execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(CreateVolume.newBuilder().setName(name).setSize(bytes)));
    }
}
