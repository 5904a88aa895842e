package io.coppice.chaos.run;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import org.slf4j.LoggerFactory;

/// Where the harness and its clients log: what they use of Coppice talks to standard error.
final class Logging {
    private Logging() {}

    /// Nothing but what is wrong.
    static void quiet() {
        to(Level.ERROR);
    }

    /// What a client's user would like to know.
    static void normal() {
        to(Level.INFO);
    }

    private static void to(Level level) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        var root = context.getLogger("ROOT");
        root.detachAndStopAllAppenders();
        root.setLevel(level);
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n");
        encoder.start();
        var console = new ConsoleAppender<ILoggingEvent>();
        console.setContext(context);
        console.setTarget("System.err");
        console.setEncoder(encoder);
        console.start();
        root.addAppender(console);
    }
}
