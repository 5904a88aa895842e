package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void whatIsWrittenIsReadBack() {
        var inner =
                new ArrayList<@Nullable Object>(
                        List.of(1.5, "a \"quoted\" \\ line\nµ\u0001", true));
        inner.add(null);
        var root = new LinkedHashMap<String, @Nullable Object>();
        root.put("list", inner);
        root.put("empty", List.of());
        root.put("number", 1e6);
        assertEquals(root, Json.parse(Json.write(root)).value());
    }

    @Test
    void pathsThatDoNotExistAreEmpty() {
        Json json = Json.parse("{\"a\": [1]}");
        assertEquals(1, json.get("a").at(0).number(0));
        assertFalse(json.get("a").at(1).isThere());
        assertFalse(json.get("b").get("c").at(7).isThere());
        assertEquals("", json.get("b").text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{\"a\"}", "{\"a\": }", "[1 2]", "[tru]", "[\"a", "[\"\\u12"})
    void whatIsNoJsonIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Json.parse(text));
    }

    @Test
    void numbersThatAreNoneAreNull() {
        assertEquals("null\n", Json.write(Double.NaN));
        assertEquals("3000000\n", Json.write(3e6));
    }
}
