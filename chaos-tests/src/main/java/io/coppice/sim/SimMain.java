package io.coppice.sim;

/// `coppice sim`: runs seeds and says what became of them.
public final class SimMain {
    private SimMain() {}

    public static void main(String[] args) {
        ((ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory.getLogger("ROOT"))
                .setLevel(ch.qos.logback.classic.Level.OFF);
        boolean told = args.length > 2;
        if (told) {
            var context =
                    (ch.qos.logback.classic.LoggerContext)
                            org.slf4j.LoggerFactory.getILoggerFactory();
            var root = context.getLogger("ROOT");
            root.detachAndStopAllAppenders();
            var encoder = new ch.qos.logback.classic.encoder.PatternLayoutEncoder();
            encoder.setContext(context);
            encoder.setPattern("%X{at} %-5level %logger{0} %msg%n");
            encoder.start();
            var appender =
                    new ch.qos.logback.core.ConsoleAppender<
                            ch.qos.logback.classic.spi.ILoggingEvent>();
            appender.setContext(context);
            appender.setEncoder(encoder);
            appender.start();
            root.addAppender(appender);
            context.getLogger("io.coppice").setLevel(ch.qos.logback.classic.Level.DEBUG);
        }
        long first = Long.parseLong(args[0]);
        int count = Integer.parseInt(args[1]);
        long start = System.nanoTime();
        long ops = 0;
        double simulated = 0;
        int failed = 0;
        for (long seed = first; seed < first + count; seed++) {
            var result = Simulation.run(seed, told);
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
