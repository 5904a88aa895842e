package io.coppice.chaos.cluster;

import io.coppice.chaos.linux.Libc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Namespaces that this program runs in while it breaks things: of the network, of mounts and of
/// processes; for who is not root of users, too, where he is. Whatever it starts or mounts ends
/// with it, however it ends.
public final class Sandbox {
    private static final String INSIDE = "coppice.chaos.inside";
    private static final Path NAMESPACES = Path.of("/run/netns");

    private Sandbox() {}

    public static boolean isInside() {
        return Boolean.getBoolean(INSIDE);
    }

    /// Refuses in one line where this machine cannot have one.
    public static void require() throws IOException {
        String obstacle = obstacle();
        if (!obstacle.isEmpty()) {
            throw new IOException(
                    "chaos needs namespaces, network devices and mounts of its own, but "
                            + obstacle
                            + (isRoot() ? "" : "; root has them"));
        }
    }

    private static String obstacle() {
        for (String device : List.of("/dev/net/tun", "/dev/fuse")) {
            if (!Files.isWritable(Path.of(device))) {
                return device + " cannot be opened";
            }
        }
        for (String tool : List.of("unshare", "ip")) {
            if (find(tool) == null) {
                return tool + " is missing (Debian's packages util-linux and iproute2)";
            }
        }
        return refusal();
    }

    /// What the system says to new namespaces; empty: nothing against them.
    private static String refusal() {
        var command = new ArrayList<>(namespaces());
        command.add("true");
        try {
            Hosts.run(command.toArray(String[]::new));
            return "";
        } catch (IOException refused) {
            return "the system refuses (" + refused.getMessage() + ")";
        }
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException noProc) {
            throw new UncheckedIOException(noProc);
        }
    }

    private static List<String> namespaces() {
        var command = new ArrayList<String>(List.of("unshare"));
        if (!isRoot()) {
            command.addAll(List.of("--user", "--map-root-user"));
        }
        command.addAll(
                List.of("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"));
        return command;
    }

    private static @Nullable Path find(String tool) {
        for (String folder : List.of("/usr/bin", "/usr/sbin", "/bin", "/sbin")) {
            Path path = Path.of(folder, tool);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        return null;
    }

    /// What runs `main` of this class path in a new one.
    ///
    /// @param options for its JVM
    public static ProcessBuilder of(List<String> options, String main, List<String> arguments) {
        var command = new ArrayList<>(namespaces());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String property : System.getProperties().stringPropertyNames()) {
            if (property.startsWith("coppice.")) {
                command.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        command.addAll(options);
        command.add("-D" + INSIDE + "=true");
        command.addAll(
                List.of(
                        "-ea",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main));
        command.addAll(arguments);
        return new ProcessBuilder(command);
    }

    /// What the hosts need, once, inside.
    static void prepare() throws IOException {
        if (!isInside()) {
            throw new IllegalStateException("hosts are made in a sandbox only");
        }
        // What is mounted or unmounted later is so for the hosts that were made before, too.
        Hosts.run("mount", "--make-rshared", "/");
        Files.createDirectories(NAMESPACES);
        Libc.mount("none", NAMESPACES.toString(), "tmpfs", "mode=755");
    }
}
