package io.coppice.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/// The repository as the house rules see it: its modules, its files, its compiled classes.
final class House {
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

    static final Path ROOT = findRoot();

    private House() {}

    /// Names of the Maven modules, as the parent pom lists them.
    static List<String> modules() {
        return MODULE.matcher(read(ROOT.resolve("pom.xml")))
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    /// Production classes of every module that has been compiled; none that a generator wrote.
    static JavaClasses classes() {
        return classesOf(modules());
    }

    static JavaClasses classesOf(List<String> modules) {
        return new ClassFileImporter()
                .withImportOption(location -> !location.contains("/wire/pb/"))
                .withImportOption(location -> !location.contains("/jmh_generated/"))
                .importPaths(
                        modules.stream().map(House::output).filter(Files::isDirectory).toList());
    }

    /// Every Java source of every module, production and tests; no generated ones.
    static List<Path> javaSources() {
        return modules().stream()
                .map(module -> ROOT.resolve(module).resolve("src"))
                .filter(Files::isDirectory)
                .flatMap(sources -> files(sources, ".java").stream())
                .toList();
    }

    /// Every Markdown document that is part of the repository.
    static List<Path> documents() {
        var top = filesOf(ROOT, ".md");
        var docs = ROOT.resolve("docs");
        var deploy = ROOT.resolve("deploy");
        return List.of(top, treeOf(docs), treeOf(deploy)).stream().flatMap(List::stream).toList();
    }

    static List<Path> files(Path directory, String suffix) {
        try (var tree = Files.walk(directory)) {
            return tree.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /// The file's name from the root of the repository, as messages show it.
    static String name(Path file) {
        return ROOT.relativize(file).toString();
    }

    private static List<Path> treeOf(Path directory) {
        return Files.isDirectory(directory) ? files(directory, ".md") : List.of();
    }

    private static List<Path> filesOf(Path directory, String suffix) {
        try (var entries = Files.list(directory)) {
            return entries.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path output(String module) {
        return ROOT.resolve(module).resolve("target").resolve("classes");
    }

    /// The tests are run from their module's directory or from the root.
    private static Path findRoot() {
        Path here = Path.of("").toAbsolutePath();
        for (Path at = here; at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("pom.xml")) && Files.exists(at.resolve("chaos-tests"))) {
                return at;
            }
        }
        throw new IllegalStateException("no repository above " + here);
    }
}
