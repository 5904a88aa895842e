package io.coppice.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/// The files that are tested here, and plain ways into their trees.
final class Deployed {
    static final Path ROOT = root();

    private Deployed() {}

    static Path file(String name) {
        return ROOT.resolve("deploy").resolve(name);
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /// Every document of a YAML file; a key that stands twice in a map is a mistake.
    static List<Node> yaml(String name) {
        var options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        var documents = new ArrayList<Node>();
        new Yaml(new SafeConstructor(options))
                .loadAll(text(file(name)))
                .forEach(document -> documents.add(new Node(name, document)));
        return documents;
    }

    /// The tests are run from their module's directory or from the root.
    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        for (Path at = here; at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("deploy")) && Files.exists(at.resolve("chaos-tests"))) {
                return at;
            }
        }
        throw new IllegalStateException("no repository above " + here);
    }

    /// A place in a tree of maps and lists, with the way to it for messages.
    ///
    /// @param value of SnakeYAML or Gson: maps, lists, texts, numbers
    record Node(String path, @Nullable Object value) {
        boolean has(String key) {
            return value instanceof Map<?, ?> map && map.containsKey(key);
        }

        /// Below these keys; fails, with the way, where one is missing.
        Node at(String... keys) {
            Node here = this;
            for (String key : keys) {
                if (!here.has(key)) {
                    throw new AssertionError(here.path + " has no '" + key + "'");
                }
                here = new Node(here.path + "." + key, here.map().get(key));
            }
            return here;
        }

        Map<?, ?> map() {
            if (value instanceof Map<?, ?> map) {
                return map;
            }
            throw new AssertionError(path + " is no map: " + value);
        }

        List<String> keys() {
            return map().keySet().stream().map(String::valueOf).toList();
        }

        List<Node> list() {
            if (value instanceof List<?> list) {
                var nodes = new ArrayList<Node>();
                for (Object each : list) {
                    nodes.add(new Node(path + "[" + nodes.size() + "]", each));
                }
                return nodes;
            }
            throw new AssertionError(path + " is no list: " + value);
        }

        /// None, where the key is missing.
        List<Node> list(String key) {
            return has(key) ? at(key).list() : List.of();
        }

        List<String> texts() {
            return list().stream().map(Node::text).toList();
        }

        String text() {
            if (value == null || value instanceof Map || value instanceof List) {
                throw new AssertionError(path + " is no text: " + value);
            }
            return String.valueOf(value);
        }

        int number() {
            return Integer.parseInt(text());
        }
    }
}
