package io.coppice.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import io.coppice.planted.Planted;
import io.coppice.port.Marks;
import io.coppice.sim.Simulation.Plan;
import io.coppice.sim.Simulation.Result;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `coppice sim`: runs seeds and says what became of them.
@Command(
        name = "sim",
        mixinStandardHelpOptions = true,
        description = {
            "Runs whole clusters in a simulator, on virtual time, under faults, and checks what users"
                    + " were promised.",
            "A seed that fails is printed with the command that replays it."
        })
public final class SimMain implements Callable<Integer> {
    private static final int MARKS_DUE_SEEDS = 1_000;

    @Option(names = "--seeds", paramLabel = "N", description = "how many (default: 1000)")
    private long seeds = 1_000;

    @Option(names = "--minutes", paramLabel = "M", description = "stop after this long")
    private double minutes = Double.MAX_VALUE;

    @Option(names = "--from", paramLabel = "SEED", description = "the first seed (default: 1)")
    private long from = 1;

    @Option(names = "--threads", paramLabel = "T", description = "default: all processors")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--seed", paramLabel = "SEED", description = "only this one")
    private @Nullable Long only;

    @Option(names = "--trace", description = "with --seed: everything that the cluster logs")
    private boolean trace;

    @Option(names = "--shrink", description = "with --seed: make a failing run smaller")
    private boolean shrink;

    @Option(
            names = "--without",
            split = ",",
            paramLabel = "FAULT",
            description = "with --seed: leave out these kinds of faults")
    private List<String> without = new ArrayList<>();

    @Option(
            names = "--bugs",
            description = "search a seed for each planted bug, up to --seeds of them")
    private boolean bugs;

    @Option(
            names = "--bug",
            split = ",",
            paramLabel = "TEXT",
            description = "with --bugs: those named like this")
    private List<String> named = List.of("");

    @Option(names = "--root", hidden = true)
    private Path root = Path.of(System.getProperty("coppice.root", "."));

    @Option(names = "--seconds", paramLabel = "S", description = "with --seed: length of the chaos")
    private double seconds;

    private final PrintStream out = System.out;

    private SimMain() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new SimMain()).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException, IOException {
        logTo(trace && only != null);
        if (bugs) {
            return plant();
        }
        Long seed = only;
        return seed != null ? one(new Plan(seed, without, seconds)) : many();
    }

    // ------------------------------------------------------------ one seed

    private int one(Plan plan) {
        Result result = Simulation.run(plan, trace);
        out.printf(
                java.util.Locale.ROOT,
                "seed %d: %d events, %.1f s simulated, %d operations, trace %016x%n",
                plan.seed(),
                result.events(),
                result.simulatedSeconds(),
                result.operations(),
                result.traceHash());
        if (result.violation().isEmpty()) {
            out.println("nothing is wrong");
            return 0;
        }
        out.println("FAILED: " + result.violation());
        if (shrink) {
            Plan smaller = Shrinker.shrink(plan);
            out.println("smaller: " + smaller);
            out.println("FAILED: " + Simulation.run(smaller, false).violation());
        }
        return 1;
    }

    // ------------------------------------------------------------ planted bugs

    private int plant() throws IOException, InterruptedException {
        var found = new LongAdder();
        out.println("| planted bug | breaks | found by | as |\n|---|---|---|---|");
        var some =
                Planted.ALL.stream()
                        .filter(each -> named.stream().anyMatch(each.name()::contains))
                        .toList();
        try (var workers = Executors.newFixedThreadPool(Math.max(1, threads))) {
            List<Callable<Void>> searches = new ArrayList<>();
            some.forEach(planted -> searches.add(() -> search(planted, found)));
            for (Future<Void> search : workers.invokeAll(searches)) {
                search.get();
            }
        } catch (ExecutionException failed) {
            throw new IOException(failed.getCause());
        }
        out.printf(
                java.util.Locale.ROOT, "%d of %d planted bugs found%n", found.sum(), some.size());
        return found.sum() == some.size() ? 0 : 1;
    }

    private Void search(Planted planted, LongAdder found) throws IOException {
        Mutant mutant = Mutant.of(planted, root, Files.createTempDirectory("planted"));
        long seed = from;
        String violation = "";
        while (seed < from + seeds && violation.isEmpty()) {
            violation = mutant.violation(seed++);
            if (!violation.isEmpty() && fails(seed - 1)) {
                violation = ""; // of the tree itself: this seed tells nothing about the bug
            }
        }
        if (!violation.isEmpty()) {
            found.increment();
        }
        String line =
                String.format(
                        java.util.Locale.ROOT,
                        "| %s | %s | %s | %s |",
                        planted.name(),
                        planted.rules(),
                        violation.isEmpty() ? "none of " + seeds + " seeds" : "seed " + (seed - 1),
                        violation.lines().findFirst().orElse(""));
        synchronized (out) {
            out.println(line);
            out.flush();
        }
        return null;
    }

    private static boolean fails(long seed) {
        return !Simulation.run(new Plan(seed, List.of(), 0), false).violation().isEmpty();
    }

    // ------------------------------------------------------------ many seeds

    private int many() throws InterruptedException {
        Map<String, LongAdder> marks = new ConcurrentHashMap<>();
        Marks.watch(mark -> marks.computeIfAbsent(mark, _ -> new LongAdder()).increment());
        var totals = new Totals();
        long start = System.nanoTime();
        long end = minutes == Double.MAX_VALUE ? Long.MAX_VALUE : start + (long) (minutes * 60e9);
        var next = new AtomicLong(from);
        var workers = new ArrayList<Thread>();
        for (int i = 0; i < Math.max(1, threads); i++) {
            workers.add(Thread.ofPlatform().start(() -> work(next, end, totals)));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        return report(totals, (System.nanoTime() - start) / 1e9, marks);
    }

    private static final class Totals {
        final LongAdder seeds = new LongAdder();
        final LongAdder events = new LongAdder();
        final LongAdder operations = new LongAdder();
        final java.util.concurrent.atomic.DoubleAdder simulated =
                new java.util.concurrent.atomic.DoubleAdder();
        final List<Result> failed = Collections.synchronizedList(new ArrayList<>());
    }

    private void work(AtomicLong next, long end, Totals totals) {
        long seed;
        while ((seed = next.getAndIncrement()) < from + seeds && System.nanoTime() < end) {
            Result result = Simulation.run(seed);
            totals.seeds.increment();
            totals.events.add(result.events());
            totals.operations.add(result.operations());
            totals.simulated.add(result.simulatedSeconds());
            if (!result.violation().isEmpty()) {
                totals.failed.add(result);
                synchronized (out) {
                    out.println("FAILED: " + result.violation());
                    out.println("  " + Plan.of(seed) + " --trace");
                }
            }
        }
    }

    private int report(Totals totals, double seconds, Map<String, LongAdder> marks) {
        long ran = totals.seeds.sum();
        out.printf(
                java.util.Locale.ROOT,
                "%d seeds, %d failed; %.0f s, %.0f seeds a minute; %.0f s simulated (%.0f times"
                        + " faster than time); %d operations, %d events%n",
                ran,
                totals.failed.size(),
                seconds,
                ran / seconds * 60,
                totals.simulated.sum(),
                totals.simulated.sum() / seconds,
                totals.operations.sum(),
                totals.events.sum());
        var missing = new ArrayList<String>();
        var counts = new TreeMap<String, Long>();
        Marks.ALL.forEach(mark -> counts.put(mark, 0L));
        marks.forEach((mark, count) -> counts.put(mark, count.sum()));
        counts.forEach((mark, count) -> {
            out.printf(java.util.Locale.ROOT, "  %9d  %s%n", count, mark);
            if (count == 0) {
                missing.add(mark);
            }
        });
        out.printf(
                java.util.Locale.ROOT,
                "%d of %d marks hit%n",
                counts.size() - missing.size(),
                counts.size());
        boolean marksFail = !missing.isEmpty() && ran >= MARKS_DUE_SEEDS;
        return totals.failed.isEmpty() && !marksFail ? 0 : 1;
    }

    private static void logTo(boolean everything) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        var root = context.getLogger("ROOT");
        root.detachAndStopAllAppenders();
        root.setLevel(Level.OFF);
        if (!everything) {
            return;
        }
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%X{at} %-5level %logger{0} %msg%n");
        encoder.start();
        var console = new ConsoleAppender<ILoggingEvent>();
        console.setContext(context);
        console.setEncoder(encoder);
        console.start();
        root.addAppender(console);
        context.getLogger("io.coppice").setLevel(Level.DEBUG);
    }
}
