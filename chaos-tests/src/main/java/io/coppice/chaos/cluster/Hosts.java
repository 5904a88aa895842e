package io.coppice.chaos.cluster;

import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.net.Link;
import io.coppice.chaos.net.Links;
import io.coppice.chaos.net.Switch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// All hosts of a run and the network between them. Host 0 is the harness. One thread makes them;
/// links may be changed from any.
public final class Hosts {
    private static final int HOSTS_MAX = 64;

    private final Links links;
    private final Switch network;
    private final List<Host> all = new ArrayList<>();

    public Hosts(long seed) throws IOException {
        Sandbox.prepare();
        links = new Links(HOSTS_MAX, seed);
        network = new Switch(links);
        var admin = new Host("admin", 0, Role.ADMIN);
        all.add(admin);
        network.attach(0, "admin");
        run("ip", "address", "add", admin.address() + "/24", "dev", "admin");
        run("ip", "link", "set", "admin", "up", "mtu", Integer.toString(Switch.MTU));
        run("ip", "link", "set", "lo", "up");
    }

    /// @param name at most 15 letters
    public Host add(String name, Role role) throws IOException {
        var host = new Host(name, all.size(), role);
        run("ip", "netns", "add", name);
        network.attach(host.number(), name);
        run("ip", "link", "set", name, "netns", name);
        run("ip", "-n", name, "address", "add", host.address() + "/24", "dev", name);
        run("ip", "-n", name, "link", "set", name, "up", "mtu", Integer.toString(Switch.MTU));
        run("ip", "-n", name, "link", "set", "lo", "up");
        all.add(host);
        return host;
    }

    /// Those with one of these roles; all without any.
    public List<Host> of(Role... roles) {
        var wanted = List.of(roles);
        return all.stream()
                .filter(host -> wanted.isEmpty() || wanted.contains(host.role()))
                .toList();
    }

    /// What runs a command there.
    public static List<String> enter(Host host) {
        return List.of("ip", "netns", "exec", host.name());
    }

    public void link(Host from, Host to, Link link) {
        links.set(from.number(), to.number(), link);
    }

    public void cut(Host from, Host to, boolean cut) {
        links.cut(from.number(), to.number(), cut);
    }

    public void heal() {
        links.heal();
    }

    static void run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + said);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }
}
