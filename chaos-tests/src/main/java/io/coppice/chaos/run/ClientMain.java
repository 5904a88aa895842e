package io.coppice.chaos.run;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.ClientWorld.Identity;
import io.coppice.chaos.history.HistoryWriter;
import io.coppice.chaos.workload.Workload;
import io.coppice.client.ClientConfig;
import io.coppice.tls.Credentials;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// A client of a run, as a process: works until a line `rest` comes, finishes and ends at a line
/// `finish`, ends when its input does. Says `rests` and `finished`.
@Command(name = "client")
final class ClientMain implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ClientMain.class);

    static final String REST = "rest";
    static final String RESTS = "rests";
    static final String FINISH = "finish";
    static final String FINISHED = "finished";

    private static final Duration OPERATION_DEADLINE = Duration.ofSeconds(30);
    private static final Duration CONTROL_DEADLINE = Duration.ofSeconds(10);

    @Option(names = "--workload", required = true)
    private String workload = "";

    @Option(names = "--index", required = true)
    private int index;

    @Option(names = "--life", required = true)
    private int life;

    @Option(names = "--door", required = true)
    private Door door = Door.LIBRARY;

    @Option(names = "--seed", required = true)
    private long seed;

    @Option(names = "--endpoints", required = true, split = ",")
    private List<String> endpoints = List.of();

    @Option(names = "--identity", required = true)
    private Path credentials = Path.of("");

    @Option(names = "--nbd", required = true)
    private String nbd = "";

    @Option(names = "--history", required = true)
    private Path history = Path.of("");

    private volatile @Nullable Throwable trouble;

    private ClientMain() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new ClientMain()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Logging.normal();
        Workload does = Workload.of(workload);
        var identity = new Identity(index, life, door, seed);
        var config =
                ClientConfig.defaults(endpoints, identity.name())
                        .withOperationDeadline(OPERATION_DEADLINE)
                        .withControlDeadline(CONTROL_DEADLINE)
                        .withCredentials(Credentials.load(credentials));
        try (var writer = new HistoryWriter(history);
                var world = new ClientWorld(identity, config, nbd, writer)) {
            var workers = new ArrayList<Thread>();
            for (int i = 0; i < does.workers(); i++) {
                int worker = i;
                workers.add(
                        Thread.ofPlatform()
                                .name("worker-" + i)
                                .uncaughtExceptionHandler(this::failed)
                                .start(() -> does.work(world, worker)));
            }
            return obey(does, world, workers);
        }
    }

    private int obey(Workload does, ClientWorld world, List<Thread> workers)
            throws IOException, InterruptedException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line = lines.readLine();
        while (line != null) {
            if (line.equals(REST)) {
                world.rest();
                for (Thread worker : workers) {
                    worker.join();
                }
                say(RESTS);
            } else if (line.equals(FINISH)) {
                if (trouble == null) {
                    does.finish(world);
                    say(FINISHED);
                }
                return trouble == null ? 0 : 1;
            }
            line = lines.readLine();
        }
        return 0;
    }

    private void failed(Thread worker, Throwable why) {
        trouble = why;
        LOG.error("{} has failed", worker.getName(), why);
    }

    private static void say(String word) {
        System.out.println(word);
        System.out.flush();
    }
}
