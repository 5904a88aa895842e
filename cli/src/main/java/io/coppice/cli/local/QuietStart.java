package io.coppice.cli.local;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.Logger;

/// Logback asks this class first: nothing is logged until [Logs] says where to, unless the usual
/// `logback.configurationFile` names a file.
public final class QuietStart extends ContextAwareBase implements Configurator {
    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
        java.util.logging.LogManager.getLogManager().reset();
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
