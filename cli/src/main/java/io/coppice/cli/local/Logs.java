package io.coppice.cli.local;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.filter.ThresholdFilter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/// Where this process logs. Set up in code: reading an XML file would cost commands a tenth of a
/// second. Commands are silent ([QuietStart]); servers write a file of their own, three old ones
/// are kept.
public final class Logs {
    private static final String PATTERN =
            "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{30} %msg%n";
    private static final String CONSOLE_PATTERN = "%d{HH:mm:ss} %-5level %logger{20} %msg%n%nopex";
    private static final FileSize FILE_SIZE = FileSize.valueOf("50MB");
    private static final int OLD_FILES = 3;
    private static final String CONSOLE = "console";

    /// Libraries that are chatty about what is normal in a cluster whose members come and go.
    static final Map<String, Level> QUIET =
            Map.of(
                    "org.apache.ratis", Level.WARN,
                    "org.apache.ratis.thirdparty", Level.ERROR,
                    "org.apache.ratis.util.JvmPauseMonitor", Level.ERROR,
                    // Stack traces of what the server tells in one line.
                    "org.apache.ratis.util.LifeCycle", Level.OFF,
                    "io.grpc", Level.ERROR,
                    "io.netty", Level.WARN);

    private Logs() {}

    /// Logs to a file; the console gets warnings of the servers when `console` is set.
    public static void toFile(Path file, boolean console) {
        LoggerContext context = reset(Level.INFO);
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        FixedWindowRollingPolicy names = new FixedWindowRollingPolicy();
        SizeBasedTriggeringPolicy<ILoggingEvent> trigger = new SizeBasedTriggeringPolicy<>();
        appender.setFile(file.toString());
        names.setContext(context);
        names.setParent(appender);
        names.setFileNamePattern(file + ".%i");
        names.setMinIndex(1);
        names.setMaxIndex(OLD_FILES);
        names.start();
        trigger.setContext(context);
        trigger.setMaxFileSize(FILE_SIZE);
        trigger.start();
        appender.setRollingPolicy(names);
        appender.setTriggeringPolicy(trigger);
        add(context, appender, PATTERN);
        if (console) {
            ConsoleAppender<ILoggingEvent> warnings = new ConsoleAppender<>();
            warnings.setName(CONSOLE);
            ThresholdFilter filter = new ThresholdFilter();
            filter.setLevel(Level.WARN.levelStr);
            filter.start();
            warnings.setTarget("System.err");
            warnings.addFilter(filter);
            add(context, warnings, CONSOLE_PATTERN);
        }
    }

    /// From now on the file alone is told: servers that stop warn of each other's leaving, which
    /// says nothing to who has just asked for it.
    public static void leaveConsole() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger(Logger.ROOT_LOGGER_NAME).detachAppender(CONSOLE);
    }

    /// Logs to stderr, for a server that runs in the foreground of a container.
    public static void toConsole() {
        LoggerContext context = reset(Level.INFO);
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setTarget("System.err");
        add(context, appender, PATTERN);
    }

    /// `log { root = info, "io.coppice.node" = debug }` of a server's configuration.
    public static void levels(Config config) {
        if (!config.hasPath("log")) {
            return;
        }
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        config.getConfig("log")
                .root()
                .forEach((name, level) -> {
                    String logger = name.equals("root") ? Logger.ROOT_LOGGER_NAME : name;
                    context.getLogger(logger)
                            .setLevel(Level.toLevel(String.valueOf(level.unwrapped()), Level.INFO));
                });
    }

    private static LoggerContext reset(Level level) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(level);
        QUIET.forEach((name, quiet) -> context.getLogger(name).setLevel(quiet));
        if (!SLF4JBridgeHandler.isInstalled()) {
            SLF4JBridgeHandler.removeHandlersForRootLogger();
            SLF4JBridgeHandler.install();
        }
        return context;
    }

    private static void add(
            LoggerContext context, OutputStreamAppender<ILoggingEvent> appender, String pattern) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(pattern);
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender((Appender<ILoggingEvent>) appender);
    }
}
