package io.coppice.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Connections between hosts, as TCP gives them: in order, without gaps, until they break; then
/// what was under way is lost and both sides hear of it, sooner or later. Different connections
/// overtake each other.
final class Wires {
    /// What becomes of an attempt to connect.
    interface Opening {
        /// On the called host: the connection stands.
        void accepted(Wire wire);

        /// On the calling host: the connection stands.
        void opened(Wire wire);

        /// On `where`: it is gone, or was never made.
        void closed(Host where, String why);
    }

    private final Scheduler scheduler;
    private final Chance chance;
    private final Swarm swarm;

    /// Directed pairs of host names between which nothing arrives now.
    private final Set<String> cuts = new HashSet<>();

    /// Extra latency of everything to or from a host, by name.
    private final Map<String, Long> slow = new HashMap<>();

    /// Hosts whose machine is off: nobody even answers that nobody is there.
    private final Set<Host> dark = new HashSet<>();

    private final Set<Wire> open = new LinkedHashSet<>();

    private double lingerPercent;

    Wires(Scheduler scheduler, Chance chance, Swarm swarm) {
        this.scheduler = scheduler;
        this.chance = chance;
        this.swarm = swarm;
    }

    // ------------------------------------------------------------ faults

    void cut(String from, String to) {
        cuts.add(from + ">" + to);
    }

    void heal(String from, String to) {
        if (cuts.remove(from + ">" + to)) {
            List.copyOf(open).forEach(Wire::flush);
        }
    }

    /// Of so many connections that break one side is still told what was on its way to it, as when
    /// a system sends what it has before it says that the process has ended.
    void lingers(double percent) {
        lingerPercent = percent;
    }

    void slow(String host, long nanos) {
        slow.put(host, nanos);
    }

    boolean reaches(Host from, Host to) {
        return cuts.isEmpty() || !cuts.contains(from.name() + ">" + to.name());
    }

    boolean isDark(Host host) {
        return dark.contains(host);
    }

    /// The host's process has ended. Unless its machine is off, its peers are told.
    void died(Host host, boolean machineOff) {
        if (machineOff) {
            dark.add(host);
        }
        for (Wire wire : List.copyOf(open)) {
            if (wire.a == host || wire.b == host) {
                if (machineOff) {
                    // The machine is silent until it is up again, and then knows nothing.
                    wire.stallUntilReset(swarm.silenceNanos(chance));
                } else {
                    wire.reset("connection reset");
                }
            }
        }
    }

    /// One of all connections breaks.
    void breakOne() {
        var all = new ArrayList<>(open);
        if (!all.isEmpty()) {
            chance.of(all).reset("connection reset");
        }
    }

    /// One of all connections delivers nothing of what is sent from now on for `stallNanos`, while
    /// others go on. With `patienceNanos`, who made it gives it up after that, and may have made
    /// another one when what it had sent arrives.
    void stallOne(long stallNanos, long patienceNanos) {
        var all = open.stream().filter(wire -> wire.established).toList();
        if (all.isEmpty()) {
            return;
        }
        Wire wire = chance.of(all);
        wire.stall(stallNanos);
        if (patienceNanos > 0) {
            scheduler.after(patienceNanos, wire.a, wire::giveUp);
        }
    }

    private long latency(Host from, Host to) {
        long extra = slow.getOrDefault(from.name(), 0L) + slow.getOrDefault(to.name(), 0L);
        return swarm.latencyNanos(chance) + (extra == 0 ? 0 : chance.between(0, extra));
    }

    // ------------------------------------------------------------ connections

    void open(Host from, Host to, Opening opening) {
        var wire = new Wire(from, to, opening);
        open.add(wire);
        if (!to.isAlive() && !dark.contains(to)) {
            wire.refused();
            return;
        }
        wire.stallUntilReset(swarm.connectNanos());
        wire.send(
                from,
                () -> {
                    opening.accepted(wire);
                    wire.send(
                            to,
                            () -> {
                                wire.established = true;
                                opening.opened(wire);
                            });
                });
    }

    /// A connection between two hosts.
    final class Wire {
        private final Host a;
        private final Host b;
        private final Opening opening;
        private final Lane toA = new Lane();
        private final Lane toB = new Lane();
        private boolean established;
        private boolean over;

        /// When it is over: who is still to get what was on its way to him.
        private @Nullable Host hears;

        private Wire(Host a, Host b, Opening opening) {
            this.a = a;
            this.b = b;
            this.opening = opening;
        }

        /// What is on its way in one direction.
        private static final class Lane {
            final ArrayDeque<Runnable> stalled = new ArrayDeque<>();
            long lastArrival;
        }

        /// `arrival` runs on the other side, unless the connection breaks before.
        void send(Host from, Runnable arrival) {
            if (over) {
                return;
            }
            Host to = from == a ? b : a;
            Lane lane = from == a ? toB : toA;
            long at = Math.max(lane.lastArrival, scheduler.now() + latency(from, to));
            lane.lastArrival = at;
            scheduler.after(at - scheduler.now(), to, () -> arrive(from, to, lane, arrival));
        }

        private void arrive(Host from, Host to, Lane lane, Runnable arrival) {
            if (over && (to != hears || !lane.stalled.isEmpty() || !reaches(from, to))) {
                return;
            }
            if (!lane.stalled.isEmpty() || !reaches(from, to)) {
                if (lane.stalled.isEmpty()) {
                    stallUntilReset(swarm.silenceNanos(chance));
                }
                lane.stalled.add(arrival);
                return;
            }
            arrival.run();
        }

        private void flush() {
            flush(a, b, toB);
            flush(b, a, toA);
        }

        private void flush(Host from, Host to, Lane lane) {
            if (!over && !lane.stalled.isEmpty() && reaches(from, to)) {
                var late = new ArrayList<>(lane.stalled);
                lane.stalled.clear();
                late.forEach(arrival -> send(from, arrival));
            }
        }

        /// Gives up if it is not well by then.
        private void stallUntilReset(long nanos) {
            Host waits = a.isAlive() ? a : b;
            scheduler.after(
                    nanos,
                    waits,
                    () -> {
                        boolean well =
                                established
                                        && a.isAlive()
                                        && b.isAlive()
                                        && toA.stalled.isEmpty()
                                        && toB.stalled.isEmpty();
                        if (!well) {
                            reset("timed out");
                        }
                    });
        }

        private void refused() {
            over = true;
            open.remove(this);
            scheduler.after(latency(a, b) * 2, a, () -> opening.closed(a, "connection refused"));
        }

        /// `by` closes it: the other side hears of it after what was sent before.
        void close(Host by) {
            if (!over) {
                send(
                        by,
                        () -> {
                            over = true;
                            open.remove(this);
                            opening.closed(by == a ? b : a, "connection closed by the peer");
                        });
            }
        }

        private void stall(long nanos) {
            toA.lastArrival = Math.max(toA.lastArrival, scheduler.now() + nanos);
            toB.lastArrival = Math.max(toB.lastArrival, scheduler.now() + nanos);
        }

        /// The side that made it hears no more, and thinks it broken; what it had sent arrives.
        private void giveUp() {
            if (!over) {
                tell(a, toA, "timed out");
                close(a);
            }
        }

        /// Breaks: what is under way is lost, mostly.
        void reset(String why) {
            if (over) {
                return;
            }
            over = true;
            open.remove(this);
            if (lingerPercent > 0 && chance.percent(lingerPercent)) {
                hears = chance.percent(50) ? a : b;
            }
            tell(a, toA, why);
            tell(b, toB, why);
        }

        private void tell(Host host, Lane lane, String why) {
            if (host.isAlive()) {
                long nanos = latency(a, b);
                long last = host == hears ? lane.lastArrival - scheduler.now() : 0;
                scheduler.after(Math.max(nanos, last), host, () -> opening.closed(host, why));
            }
        }
    }
}
