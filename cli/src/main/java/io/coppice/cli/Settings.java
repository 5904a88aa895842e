package io.coppice.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValueType;
import io.coppice.cli.local.ConfigFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What `--config FILE` may say, in HOCON: `endpoint` (a string or a list), `identity`, `output`,
/// `timeout`, `keys { dir }`.
record Settings(
        List<String> endpoints,
        Optional<String> identity,
        Optional<String> output,
        Duration timeout,
        Optional<String> keysDir) {
    private static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(10);

    static Settings defaults() {
        return new Settings(
                List.of(), Optional.empty(), Optional.empty(), TIMEOUT_DEFAULT, Optional.empty());
    }

    static Settings read(Path file) {
        Config config = ConfigFiles.read(file);
        try {
            return new Settings(
                    endpoints(config),
                    config.hasPath("identity")
                            ? Optional.of(config.getString("identity"))
                            : Optional.empty(),
                    config.hasPath("output")
                            ? Optional.of(config.getString("output"))
                            : Optional.empty(),
                    config.hasPath("timeout")
                            ? Durations.parse(config.getString("timeout"))
                            : TIMEOUT_DEFAULT,
                    config.hasPath("keys.dir")
                            ? Optional.of(config.getString("keys.dir"))
                            : Optional.empty());
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
