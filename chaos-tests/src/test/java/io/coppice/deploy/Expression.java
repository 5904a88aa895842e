package io.coppice.deploy;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of the metrics in an expression of Prometheus' language. What `promtool` accepts is looked
/// at as words: a word that is no keyword, no function and no label is a metric.
final class Expression {
    private static final Pattern STRING = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
    private static final Pattern MATCHERS = Pattern.compile("\\{[^}]*}");
    private static final Pattern RANGE = Pattern.compile("\\[[^\\]]*]");
    private static final Pattern LABELS =
            Pattern.compile("\\b(by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");
    private static final Pattern WORD =
            Pattern.compile("(?<![\\w.:])([a-zA-Z_:][\\w:]*)\\b(?!\\s*\\()");
    private static final Set<String> KEYWORDS =
            Set.of("and", "or", "unless", "bool", "offset", "inf", "nan", "sum", "max", "count");

    private Expression() {}

    static Set<String> metrics(String expression) {
        String bare = STRING.matcher(expression).replaceAll("");
        bare = MATCHERS.matcher(bare).replaceAll("");
        bare = RANGE.matcher(bare).replaceAll("");
        bare = LABELS.matcher(bare).replaceAll("");
        var names = new TreeSet<String>();
        Matcher words = WORD.matcher(bare);
        while (words.find()) {
            if (!KEYWORDS.contains(words.group(1))) {
                names.add(words.group(1));
            }
        }
        return names;
    }
}
