package io.coppice.cli.local;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Reads HOCON files; whatever is wrong with one becomes a line that names the file.
public final class ConfigFiles {
    private ConfigFiles() {}

    public static Config read(Path file) {
        try {
            return ConfigFactory.parseString(Files.readString(file)).resolve();
        } catch (ConfigException wrong) {
            throw refused(file, wrong);
        } catch (IOException unreadable) {
            String why =
                    unreadable instanceof CharacterCodingException
                            ? "it is no text in UTF-8"
                            : Files.exists(file)
                                    ? String.valueOf(unreadable.getMessage())
                                    : "no such file";
            throw new CliException(ExitCode.FAILED, "cannot read " + file + ": " + why, unreadable);
        }
    }

    public static CliException refused(Path file, ConfigException wrong) {
        String why = String.valueOf(wrong.getMessage()).lines().findFirst().orElse("unreadable");
        return new CliException(
                ExitCode.FAILED,
                "bad configuration in " + file + ": " + why.replaceFirst("^String: ", "line "),
                wrong);
    }
}
