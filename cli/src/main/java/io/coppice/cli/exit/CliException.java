package io.coppice.cli.exit;

/// A failure that a user can do something about: its message is the one line on stderr.
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;
    private final String line;

    public CliException(ExitCode exitCode, String line) {
        super(line);
        this.exitCode = exitCode;
        this.line = line;
    }

    public CliException(ExitCode exitCode, String line, Throwable cause) {
        super(line, cause);
        this.exitCode = exitCode;
        this.line = line;
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    @Override
    public String getMessage() {
        return line;
    }
}
