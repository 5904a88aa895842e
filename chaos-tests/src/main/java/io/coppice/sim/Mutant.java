package io.coppice.sim;

import io.coppice.planted.Graft;
import io.coppice.planted.Planted;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The simulator with a [Planted] bug in it: the changed source is compiled, and all of Coppice is
/// loaded anew around it. Production code has no switch for this.
final class Mutant {
    private final Class<?> simulation;

    private Mutant(Class<?> simulation) {
        this.simulation = simulation;
    }

    /// @param root of the repository
    /// @param work an empty directory for what is compiled
    static Mutant of(Planted planted, Path root, Path work) throws IOException {
        Graft.compile(planted, root, work);
        try {
            var loader = new Loader(work);
            return new Mutant(loader.loadClass("io.coppice.sim.Simulation"));
        } catch (ClassNotFoundException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// What the run of this seed finds wrong; empty: nothing.
    String violation(long seed) {
        try {
            Object result = simulation.getMethod("run", long.class).invoke(null, seed);
            return (String) result.getClass().getMethod("violation").invoke(result);
        } catch (InvocationTargetException thrown) {
            return "unexpected: " + thrown.getCause();
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Loads Coppice's own classes itself, the compiled ones first; everything else is shared.
    private static final class Loader extends ClassLoader {
        private final Path first;

        Loader(Path first) {
            super(Mutant.class.getClassLoader());
            this.first = first;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known != null || !name.startsWith("io.coppice.") || isShared(name)) {
                    return known != null ? known : super.loadClass(name, resolve);
                }
                byte[] bytes = bytes(name.replace('.', '/') + ".class");
                return defineClass(name, bytes, 0, bytes.length);
            }
        }

        /// Generated code is large and holds no bugs of ours.
        private static boolean isShared(String name) {
            return name.startsWith("io.coppice.wire.pb.");
        }

        private byte[] bytes(String file) throws ClassNotFoundException {
            try {
                Path compiled = first.resolve(file);
                if (Files.exists(compiled)) {
                    return Files.readAllBytes(compiled);
                }
                try (InputStream in = getParent().getResourceAsStream(file)) {
                    if (in == null) {
                        throw new ClassNotFoundException(file);
                    }
                    return in.readAllBytes();
                }
            } catch (IOException failed) {
                throw new ClassNotFoundException(file, failed);
            }
        }
    }
}
