package io.coppice.spec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One configuration of TLC: a file that names the module by the beginning of its own name, up to
/// the first dash, and says the bounds, the planted mistake and what is to hold.
record Configuration(Path file, String text) {
    private static final Path SPECIFICATIONS = root().resolve("docs").resolve("spec");
    private static final Pattern PROMISES =
            Pattern.compile("^(?:INVARIANTS?|PROPERTY)\\s+(.+)$", Pattern.MULTILINE);
    private static final Pattern MISTAKE = Pattern.compile("Bug = \"(\\w+)\"");

    static Configuration of(Path file) {
        return new Configuration(file, read(file));
    }

    /// Those whose promises hold.
    static List<Configuration> holding() {
        return in("holds");
    }

    /// Those with a planted mistake; each names the one promise that it breaks.
    static List<Configuration> broken() {
        return in("broken");
    }

    private static List<Configuration> in(String directory) {
        try (var files = Files.list(SPECIFICATIONS.resolve(directory))) {
            return files.filter(file -> file.toString().endsWith(".cfg"))
                    .sorted()
                    .map(Configuration::of)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String module() {
        String name = file.getFileName().toString();
        return name.substring(0, name.indexOf('-'));
    }

    Path moduleFile() {
        return SPECIFICATIONS.resolve(module() + ".tla");
    }

    String moduleText() {
        return read(moduleFile());
    }

    /// Invariants and properties that are checked.
    List<String> promises() {
        return PROMISES.matcher(text)
                .results()
                .flatMap(line -> Arrays.stream(line.group(1).trim().split("\\s+")))
                .toList();
    }

    boolean isLiveness() {
        return text.contains("PROPERTY");
    }

    String mistake() {
        Matcher found = MISTAKE.matcher(text);
        if (!found.find()) {
            throw new IllegalStateException(file + " does not say which mistake is planted");
        }
        return found.group(1);
    }

    /// Shown as the name of its test.
    @Override
    public String toString() {
        return file.getFileName().toString().replace(".cfg", "");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /// Tests are run from their module's directory or from the root.
    private static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("docs").resolve("spec"))) {
                return at;
            }
        }
        throw new IllegalStateException("no docs/spec above the working directory");
    }
}
