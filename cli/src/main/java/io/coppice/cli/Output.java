package io.coppice.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Where results go: data on stdout in the format that the user asked for, remarks beside it unless
/// `--quiet`.
final class Output {
    enum Format {
        TABLE,
        JSON,
        YAML
    }

    private final PrintWriter out;
    private final PrintWriter err;
    private final Format format;
    private final boolean quiet;

    Output(PrintWriter out, PrintWriter err, Format format, boolean quiet) {
        this.out = out;
        this.err = err;
        this.format = format;
        this.quiet = quiet;
    }

    /// Prints one result.
    ///
    /// @param data maps, lists, strings, numbers, booleans and null, for JSON and YAML
    /// @param text what a person reads; made only when it is shown
    void print(@Nullable Object data, Supplier<String> text) {
        switch (format) {
            case JSON -> out.println(Json.write(data));
            case YAML -> out.println(Yaml.write(data));
            case TABLE -> {
                String shown = text.get();
                if (!shown.isEmpty()) {
                    out.println(shown);
                }
            }
        }
        out.flush();
    }

    /// Prints one of many results that come one after the other: JSON objects a line each, items of
    /// one YAML list.
    void line(Object data, Supplier<String> text) {
        switch (format) {
            case JSON -> out.println(Json.line(data));
            case YAML -> out.println(Yaml.write(java.util.List.of(data)));
            case TABLE -> out.println(text.get());
        }
        out.flush();
    }

    /// As [#print], for what was done rather than asked for: `--quiet` leaves the sentence out.
    void done(@Nullable Object data, Supplier<String> sentence) {
        print(data, () -> quiet ? "" : sentence.get());
    }

    /// A remark on stderr that is not part of the result.
    void remark(String line) {
        if (!quiet) {
            err.println(line);
            err.flush();
        }
    }

    boolean isQuiet() {
        return quiet;
    }

    boolean isTable() {
        return format == Format.TABLE;
    }

    PrintWriter out() {
        return out;
    }

    PrintWriter err() {
        return err;
    }
}
