package io.coppice.chaos.run;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.cluster.ChaosCluster;
import io.coppice.chaos.cluster.Host;
import io.coppice.chaos.cluster.Hosts;
import io.coppice.chaos.cluster.JavaProgram;
import io.coppice.chaos.linux.Libc;
import io.coppice.chaos.nemesis.Arena;
import io.coppice.chaos.workload.Workload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A client of a run on a host of its own. Killed, it comes back as a new life of the same client.
/// Thread-safe.
final class ClientProcess implements Arena.Prey {
    private static final long DIE_SECONDS = 30;
    private static final long LOOK_MILLIS = 50;
    private static final String DONE = "\"type\":\"ok\"";
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    private final ChaosCluster cluster;
    private final Host host;
    private final Workload workload;
    private final int index;
    private final Door door;
    private final long seed;
    private final @Nullable Path changed;
    private final List<Path> histories = new ArrayList<>();
    private int life = -1;
    private @Nullable Process process;
    private CompletableFuture<Void> rests = new CompletableFuture<>();
    private CompletableFuture<Void> finished = new CompletableFuture<>();

    /// @param index from 1 on
    /// @param changed classes in place of the built ones; null: none
    ClientProcess(
            ChaosCluster cluster,
            Host host,
            Workload workload,
            int index,
            Door door,
            long seed,
            @Nullable Path changed) {
        this.cluster = cluster;
        this.host = host;
        this.workload = workload;
        this.index = index;
        this.door = door;
        this.seed = seed;
        this.changed = changed;
    }

    @Override
    public Host host() {
        return host;
    }

    synchronized List<Path> histories() {
        return List.copyOf(histories);
    }

    @Override
    public synchronized void start() throws IOException {
        if (process != null && process.isAlive()) {
            return;
        }
        life++;
        Path history = cluster.layout().history().resolve(host.name() + "." + life + ".jsonl");
        Files.createFile(history); // it may be killed before it writes anything
        histories.add(history);
        var command = new ArrayList<>(Hosts.enter(host));
        command.addAll(JavaProgram.harness(changed, ClientMain.class.getName()));
        command.addAll(
                List.of(
                        "--workload=" + workload.name(),
                        "--index=" + index,
                        "--life=" + life,
                        "--door=" + door,
                        "--seed=" + (seed + life),
                        "--endpoints=" + String.join(",", cluster.endpoints()),
                        "--identity=" + cluster.identity(),
                        "--nbd=" + cluster.nbd(),
                        "--history=" + history));
        Path log = cluster.layout().log(host.name());
        Process started =
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        process = started;
        rests = new CompletableFuture<>();
        finished = new CompletableFuture<>();
        var restsNow = rests;
        var finishedNow = finished;
        Thread.ofPlatform()
                .name(host.name())
                .daemon()
                .start(() -> listen(started, restsNow, finishedNow));
    }

    private static void listen(
            Process process, CompletableFuture<Void> rests, CompletableFuture<Void> finished) {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (line != null) {
                if (line.equals(ClientMain.RESTS)) {
                    rests.complete(null);
                } else if (line.equals(ClientMain.FINISHED)) {
                    finished.complete(null);
                }
                line = lines.readLine();
            }
        } catch (IOException gone) {
            // As its end.
        }
        var ended = new IOException("the client has ended");
        rests.completeExceptionally(ended);
        finished.completeExceptionally(ended);
    }

    @Override
    public synchronized void kill() {
        if (process != null) {
            process.destroyForcibly();
            process.onExit().orTimeout(DIE_SECONDS, TimeUnit.SECONDS).join();
        }
    }

    @Override
    public synchronized void pause() {
        if (process != null) {
            Libc.kill(process.pid(), SIGSTOP);
        }
    }

    @Override
    public synchronized void resume() {
        if (process != null) {
            Libc.kill(process.pid(), SIGCONT);
        }
    }

    /// Until something that it asked for has been done.
    void awaitWork(long seconds) throws IOException {
        Path history = histories().getLast();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!Files.exists(history) || !Files.readString(history).contains(DONE)) {
            if (System.nanoTime() > end) {
                throw new IOException(
                        host.name()
                                + " has done nothing within "
                                + seconds
                                + " s: see "
                                + cluster.layout().log(host.name()));
            }
            ClientWorld.pause(LOOK_MILLIS);
        }
    }

    /// Its workers end what they are doing.
    void rest(long seconds) throws IOException {
        tell(ClientMain.REST);
        await(rests, seconds, "rest");
    }

    /// It reads what is there, and ends.
    void finish(long seconds) throws IOException {
        tell(ClientMain.FINISH);
        await(finished, seconds, "finish");
    }

    private synchronized void tell(String word) throws IOException {
        if (process == null) {
            throw new IOException(host.name() + " does not run");
        }
        Writer to = process.outputWriter(StandardCharsets.UTF_8);
        to.write(word + "\n");
        to.flush();
    }

    private void await(CompletableFuture<Void> future, long seconds, String what)
            throws IOException {
        try {
            future.get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException(
                    host.name()
                            + " did not "
                            + what
                            + " within "
                            + seconds
                            + " s: see "
                            + cluster.layout().log(host.name()),
                    failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }
}
