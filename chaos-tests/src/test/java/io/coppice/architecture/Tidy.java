package io.coppice.architecture;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// House rules that a line of text can break. Each rule takes a text and answers what is wrong with
/// it, with line numbers; nothing here reads files.
final class Tidy {
    /// A file longer than this is more than one thing.
    static final int FILE_LINES_MAX = 600;

    static final int COLUMNS_MAX = 100;

    private static final Pattern LEFTOVER =
            Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");
    private static final Pattern SLEEP =
            Pattern.compile("\\bThread\\.sle" + "ep\\(|\\.sle" + "ep\\([0-9]");
    private static final Pattern MANUAL =
            Pattern.compile("\\A(///[^\\n]*\\n)+@NullMarked\\npackage ");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]\\n]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");
    private static final Pattern FENCE = Pattern.compile("(?ms)^```.*?^```");

    private Tidy() {}

    static List<String> length(String text, int linesMax) {
        long lines = text.lines().count();
        return lines > linesMax
                ? List.of(lines + " lines, at most " + linesMax + ": find the second thing in it")
                : List.of();
    }

    static List<String> leftovers(String text) {
        return lines(
                text, line -> LEFTOVER.matcher(line).find(), "work left over: do it, or file it");
    }

    static List<String> blanks(String text) {
        var wrong = new ArrayList<String>();
        wrong.addAll(lines(text, line -> line.indexOf('\t') >= 0, "a tab"));
        wrong.addAll(lines(text, line -> line.endsWith(" "), "blanks at the end"));
        if (text.indexOf('\r') >= 0) {
            wrong.add("a carriage return");
        }
        if (!text.endsWith("\n") && !text.isEmpty()) {
            wrong.add("no newline at the end");
        }
        return wrong;
    }

    /// What the formatter leaves long: comments, text blocks. Strings may be long, so that a
    /// message can be found by searching for it, and so may addresses.
    static List<String> columns(String text) {
        return lines(
                text,
                line ->
                        line.codePointCount(0, line.length()) > COLUMNS_MAX
                                && !line.contains("://")
                                && line.indexOf('"') < 0
                                && !line.stripLeading().startsWith("///"),
                "longer than " + COLUMNS_MAX + " columns");
    }

    /// Tests wait for something that happens, never for time to pass.
    static List<String> sleeps(String text) {
        return lines(
                text, line -> SLEEP.matcher(line).find(), "a test that sleeps: wait for the event");
    }

    static List<String> manual(String packageInfo) {
        return MANUAL.matcher(packageInfo).find()
                ? List.of()
                : List.of("begin with a `///` manual of the room, then @NullMarked");
    }

    /// Targets of the relative links in a Markdown text, code fences left out.
    static List<String> links(String markdown) {
        return LINK.matcher(FENCE.matcher(markdown).replaceAll(""))
                .results()
                .map(found -> found.group(1))
                .filter(target -> !target.contains("://") && !target.startsWith("mailto:"))
                .toList();
    }

    /// Anchors of the headings, as Markdown viewers make them.
    static List<String> anchors(String markdown) {
        return HEADING.matcher(FENCE.matcher(markdown).replaceAll(""))
                .results()
                .map(found -> anchor(found.group(1)))
                .toList();
    }

    static List<String> title(String markdown) {
        long titles =
                FENCE.matcher(markdown)
                        .replaceAll("")
                        .lines()
                        .filter(l -> l.startsWith("# "))
                        .count();
        return titles == 1
                ? List.of()
                : List.of("a document has one title, this one has " + titles);
    }

    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{Alnum} _-]", "")
                .replace(' ', '-');
    }

    private static List<String> lines(String text, Predicate<String> wrong, String what) {
        var found = new ArrayList<String>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (wrong.test(line)) {
                found.add(number + ": " + what);
            }
        }
        return found;
    }
}
