package io.coppice.deploy;

import com.typesafe.config.Config;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A configuration that notes what is asked of it: a server ignores keys that it does not know, so
/// a misspelt one would go unnoticed.
final class AskedConfig {
    private final Config file;
    private final Set<String> asked = new HashSet<>();

    AskedConfig(Config file) {
        this.file = file;
    }

    /// What a server may read instead.
    Config config() {
        return noting(file, "");
    }

    /// Keys of the file that nobody asked for.
    List<String> ignored() {
        return file.entrySet().stream()
                .map(entry -> entry.getKey().replace("\"", ""))
                .filter(key -> !isAsked(key))
                .sorted()
                .toList();
    }

    private boolean isAsked(String key) {
        for (String at = key;
                !at.isEmpty();
                at = at.substring(0, Math.max(0, at.lastIndexOf('.')))) {
            if (asked.contains(at)) {
                return true;
            }
        }
        return false;
    }

    private Config noting(Config config, String prefix) {
        return (Config)
                Proxy.newProxyInstance(
                        Config.class.getClassLoader(),
                        new Class<?>[] {Config.class},
                        (proxy, method, arguments) -> note(config, prefix, method, arguments));
    }

    private @Nullable Object note(
            Config config, String prefix, Method method, Object @Nullable [] arguments)
            throws Throwable {
        @Nullable Object answer;
        try {
            answer = method.invoke(config, arguments);
        } catch (InvocationTargetException thrown) {
            throw Objects.requireNonNull(thrown.getCause());
        }
        if (method.getName().equals("root") || method.getName().equals("entrySet")) {
            asked.add(prefix.isEmpty() ? prefix : prefix.substring(0, prefix.length() - 1));
        }
        String path =
                arguments != null && arguments.length == 1 && arguments[0] instanceof String text
                        ? prefix + text
                        : null;
        if (answer instanceof Config part) {
            return noting(part, path == null ? prefix : path + ".");
        }
        if (path != null && !method.getName().equals("hasPath")) {
            asked.add(path);
        }
        return answer;
    }
}
