package io.coppice.sim;

/// `coppice sim`: runs seeds and says what became of them.
public final class SimMain {
    private SimMain() {}

    public static void main(String[] args) {
        ((ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory.getLogger("ROOT"))
                .setLevel(ch.qos.logback.classic.Level.OFF);
        long first = Long.parseLong(args[0]);
        int count = Integer.parseInt(args[1]);
        long start = System.nanoTime();
        long ops = 0;
        double simulated = 0;
        int failed = 0;
        for (long seed = first; seed < first + count; seed++) {
            var result = Simulation.run(seed);
            ops += result.operations();
            simulated += result.simulatedSeconds();
            if (!result.violation().isEmpty()) {
                failed++;
                System.out.println("seed " + seed + ": " + result.violation());
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%d seeds, %d failed, %.1f s, %.0f simulated s, %d operations%n",
                count, failed, seconds, simulated, ops);
    }
}
