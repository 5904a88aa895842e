package io.coppice.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The house rules of [Tidy] over every file of the repository, and each rule on two lines of its
/// own.
class TidyTest {
    private static final int SHOWN_PER_FILE = 3;
    private static final String SEP = System.lineSeparator();

    @Test
    void filesAreShort() {
        check(House.javaSources(), text -> Tidy.length(text, Tidy.FILE_LINES_MAX));
    }

    @Test
    void nothingIsLeftForLater() {
        check(sources(), Tidy::leftovers);
    }

    @Test
    void blanksAreInvisible() {
        check(sources(), Tidy::blanks);
    }

    @Test
    void linesFitTheScreen() {
        check(House.javaSources(), Tidy::columns);
    }

    @Test
    void testsDoNotSleep() {
        check(House.javaSources().stream().filter(TidyTest::isTest).toList(), Tidy::sleeps);
    }

    @Test
    void everyPackageHasItsManual() {
        var wrong = new ArrayList<String>();
        House.javaSources().stream()
                .filter(source -> !isTest(source))
                .map(Path::getParent)
                .distinct()
                .map(directory -> directory.resolve("package-info.java"))
                .forEach(info -> {
                    if (Files.exists(info)) {
                        Tidy.manual(House.read(info)).forEach(what -> wrong.add(at(info, what)));
                    } else {
                        wrong.add(at(info, "is missing"));
                    }
                });
        report(wrong);
    }

    @Test
    void documentsHaveOneTitle() {
        check(House.documents(), Tidy::title);
    }

    @Test
    void linksOfDocumentsLeadSomewhere() {
        var wrong = new ArrayList<String>();
        for (Path document : House.documents()) {
            for (String link : Tidy.links(House.read(document))) {
                deadEnd(document, link).forEach(what -> wrong.add(at(document, what)));
            }
        }
        report(wrong);
    }

    /// A room that is not on the plan cannot be found by a new reader.
    @Test
    void everyRoomIsInTheArchitectureDocument() {
        String plan = House.read(House.ROOT.resolve("docs").resolve("ARCHITECTURE.md"));
        List<String> missing =
                House.classes().stream()
                        .map(type -> type.getPackageName().replaceFirst("^io\\.coppice\\.", ""))
                        .distinct()
                        .filter(room -> !plan.contains("`" + room + "`"))
                        .sorted()
                        .toList();
        assertEquals(List.of(), missing, "rooms that docs/ARCHITECTURE.md does not name");
    }

    @Test
    void rulesCatchWhatTheyAreFor() {
        assertEquals(
                List.of("2: work left over: do it, or file it"),
                Tidy.leftovers("a\n// TO" + "DO b\n"));
        assertEquals(List.of("1: a tab", "2: blanks at the end"), Tidy.blanks("\ta\nb \n"));
        assertEquals(List.of("no newline at the end"), Tidy.blanks("a"));
        assertEquals(List.of("1: longer than 100 columns"), Tidy.columns("x".repeat(101)));
        assertEquals(List.of(), Tidy.columns("x".repeat(100)));
        assertEquals(1, Tidy.length("x\n".repeat(3), 2).size());
        assertEquals(1, Tidy.sleeps("Thread.sle" + "ep(1);").size());
        assertEquals(List.of(), Tidy.manual("/// A room.\n@NullMarked\npackage a;\n"));
        assertEquals(1, Tidy.manual("@NullMarked\npackage a;\n").size());
        assertEquals(1, Tidy.manual("/// A room.\npackage a;\n").size());
        assertEquals(
                List.of("b.md#c"), Tidy.links("[a](b.md#c) [d](https://e.f)\n```\n[g](h)\n```\n"));
        assertEquals(List.of("r1-one-writer", "b_c"), Tidy.anchors("# R1: one *writer*\n## b_c\n"));
        assertEquals(List.of(), Tidy.title("# a\n```\n# b\n```\n"));
        assertEquals(1, Tidy.title("a\n").size());
    }

    private static List<String> deadEnd(Path document, String link) {
        int hash = link.indexOf('#');
        String file = hash < 0 ? link : link.substring(0, hash);
        Path target = file.isEmpty() ? document : document.resolveSibling(file).normalize();
        if (!Files.exists(target)) {
            return List.of("dead link " + link);
        }
        if (hash < 0 || !target.toString().endsWith(".md")) {
            return List.of();
        }
        return Tidy.anchors(House.read(target)).contains(link.substring(hash + 1))
                ? List.of()
                : List.of("no heading for " + link);
    }

    /// Java, schemas, poms, scripts, settings and documents.
    private static List<Path> sources() {
        var schemas =
                House.modules().stream()
                        .map(module -> House.ROOT.resolve(module).resolve("src"))
                        .filter(Files::isDirectory)
                        .flatMap(directory -> House.files(directory, ".proto").stream());
        var poms =
                Stream.concat(Stream.of(""), House.modules().stream())
                        .map(module -> House.ROOT.resolve(module).resolve("pom.xml"));
        var scripts =
                Stream.of("coppice", ".ci/run", ".ci/format")
                        .map(House.ROOT::resolve)
                        .filter(Files::exists);
        return Stream.of(
                        House.javaSources().stream(),
                        House.documents().stream(),
                        schemas,
                        poms,
                        scripts)
                .flatMap(files -> files)
                .toList();
    }

    private static boolean isTest(Path source) {
        return source.toString().contains("/src/test/");
    }

    private static void check(List<Path> files, Function<String, List<String>> rule) {
        var wrong = new ArrayList<String>();
        for (Path file : files) {
            List<String> found = rule.apply(House.read(file));
            found.stream().limit(SHOWN_PER_FILE).forEach(what -> wrong.add(at(file, what)));
            if (found.size() > SHOWN_PER_FILE) {
                wrong.add(at(file, " and " + (found.size() - SHOWN_PER_FILE) + " more"));
            }
        }
        report(wrong);
    }

    private static String at(Path file, String what) {
        return House.name(file) + ":" + what;
    }

    private static void report(List<String> wrong) {
        assertEquals("", String.join(SEP, wrong));
    }
}
