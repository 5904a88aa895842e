package io.coppice.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValueType;
import io.coppice.cli.local.ConfigFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What `--config FILE` may say, in HOCON: `endpoint` (a string or a list), `output`, `timeout`.
record Settings(List<String> endpoints, Optional<String> output, Duration timeout) {
    private static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(10);

    static Settings defaults() {
        return new Settings(List.of(), Optional.empty(), TIMEOUT_DEFAULT);
    }

    static Settings read(Path file) {
        Config config = ConfigFiles.read(file);
        try {
            return new Settings(
                    endpoints(config),
                    config.hasPath("output")
                            ? Optional.of(config.getString("output"))
                            : Optional.empty(),
                    config.hasPath("timeout")
                            ? Durations.parse(config.getString("timeout"))
                            : TIMEOUT_DEFAULT);
        } catch (ConfigException wrong) {
            throw ConfigFiles.refused(file, wrong);
        }
    }

    private static List<String> endpoints(Config config) {
        if (!config.hasPath("endpoint")) {
            return List.of();
        }
        return config.getValue("endpoint").valueType() == ConfigValueType.LIST
                ? config.getStringList("endpoint")
                : List.of(config.getString("endpoint").split(","));
    }
}
