package io.coppice.bench.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A piece of JSON: maps, lists, strings, numbers (as doubles), booleans and null as Java's own.
/// What is not there is an empty piece, so that a path can be followed without asking at every
/// step.
record Json(@Nullable Object value) {
    private static final Gson GSON =
            new GsonBuilder()
                    .setStrictness(Strictness.STRICT)
                    .setPrettyPrinting()
                    .serializeNulls()
                    .disableHtmlEscaping()
                    .registerTypeAdapter(Double.class, new Figure().nullSafe())
                    .create();

    /// Reads one value; text before the first brace or bracket is skipped, as fio puts warnings
    /// there.
    ///
    /// @throws IllegalArgumentException what is there is no JSON
    static Json parse(String text) {
        int start = 0;
        while (start < text.length() && text.charAt(start) != '{' && text.charAt(start) != '[') {
            start++;
        }
        try {
            Object value = GSON.fromJson(text.substring(start), Object.class);
            if (value == null) {
                throw new IllegalArgumentException("no JSON where some must be");
            }
            return new Json(value);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException("not JSON: " + e.getMessage(), e);
        }
    }

    Json get(String key) {
        return new Json(value instanceof Map<?, ?> map ? map.get(key) : null);
    }

    Json at(int index) {
        return new Json(
                value instanceof List<?> list && index < list.size() ? list.get(index) : null);
    }

    Set<String> keys() {
        var keys = new LinkedHashSet<String>();
        if (value instanceof Map<?, ?> map) {
            map.keySet().forEach(key -> keys.add(String.valueOf(key)));
        }
        return keys;
    }

    List<Json> elements() {
        var elements = new ArrayList<Json>();
        if (value instanceof List<?> list) {
            list.forEach(element -> elements.add(new Json(element)));
        }
        return elements;
    }

    boolean isThere() {
        return value != null;
    }

    OptionalDouble number() {
        return value instanceof Number number
                ? OptionalDouble.of(number.doubleValue())
                : OptionalDouble.empty();
    }

    double number(double otherwise) {
        return number().orElse(otherwise);
    }

    /// The string, or the empty one.
    String text() {
        return value instanceof String text ? text : "";
    }

    /// As text, two spaces per level.
    static String write(@Nullable Object value) {
        return GSON.toJson(value) + "\n";
    }

    /// Whole numbers without a fraction; null for what no number can say.
    private static final class Figure extends TypeAdapter<Double> {
        @Override
        public void write(JsonWriter out, Double number) throws IOException {
            if (!Double.isFinite(number)) {
                out.nullValue();
            } else if (number == Math.rint(number) && Math.abs(number) < 1e15) {
                out.value(number.longValue());
            } else {
                out.value(number);
            }
        }

        @Override
        public Double read(JsonReader in) throws IOException {
            return in.nextDouble();
        }
    }
}
