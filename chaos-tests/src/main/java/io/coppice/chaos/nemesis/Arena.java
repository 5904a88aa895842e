package io.coppice.chaos.nemesis;

import io.coppice.chaos.cluster.ChaosCluster;
import io.coppice.chaos.cluster.Clocks;
import io.coppice.chaos.cluster.Host;
import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.cluster.Hosts;
import io.coppice.chaos.cluster.Server;
import io.coppice.chaos.net.Link;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// What a nemesis can reach.
///
/// @param clients processes that use the cluster
/// @param blackouts takes the moments at which all storage nodes had lost their power
/// @param clocks of the servers, when they can be bent
public record Arena(
        ChaosCluster cluster, List<? extends Prey> clients, List<Long> blackouts, Clocks clocks) {
    /// A client as a nemesis sees it.
    public interface Prey {
        Host host();

        void start() throws IOException;

        void kill();

        void pause();

        void resume();
    }

    Hosts hosts() {
        return cluster.hosts();
    }

    List<Server> nodes() {
        return cluster.servers(Role.NODE);
    }

    List<Server> metadata() {
        return cluster.servers(Role.METADATA);
    }

    /// These have just gone out together; when the storage nodes are among them, what was not
    /// flushed may be lost.
    void blackout(List<Server> servers) {
        if (servers.containsAll(nodes())) {
            blackouts.add(System.nanoTime());
        }
    }

    static <T> T one(List<T> of, SplittableRandom random) {
        return of.get(random.nextInt(of.size()));
    }

    static <T> List<T> shuffled(List<T> of, SplittableRandom random) {
        var shuffled = new ArrayList<>(of);
        for (int i = shuffled.size() - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            T moved = shuffled.set(i, shuffled.get(other));
            shuffled.set(other, moved);
        }
        return shuffled;
    }

    /// Both ways, between each of these and each of those.
    void cut(List<Host> these, List<Host> those, boolean cut) {
        for (Host one : these) {
            for (Host other : those) {
                if (one != other) {
                    hosts().cut(one, other, cut);
                    hosts().cut(other, one, cut);
                }
            }
        }
    }

    /// Both ways, between each of these and each of those.
    void link(List<Host> these, List<Host> those, Link link) {
        for (Host one : these) {
            for (Host other : those) {
                if (one != other) {
                    hosts().link(one, other, link);
                    hosts().link(other, one, link);
                }
            }
        }
    }

    void silence(Host from, List<Host> to, boolean silent) {
        for (Host other : to) {
            if (other != from) {
                hosts().cut(from, other, silent);
            }
        }
    }
}
