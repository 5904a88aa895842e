package io.coppice.node.ingress;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import com.google.protobuf.ByteString;
import io.coppice.model.AccessKeys;
import io.coppice.model.Capability;
import io.coppice.wire.AccessKeyCodec;
import io.coppice.wire.RefusedAccess;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.NodeMessage;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// What the node's doors ask for, by the keys that the quorum has told: nothing while there is no
/// present key (docs/internals/access.md). And what they have refused. Thread-safe.
public final class Access {
    private static final long REPORT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Counter refusals;
    private final Supplier<List<AccessRefused>> doors;
    private final RefusedAccess untold = new RefusedAccess();
    private volatile AccessKeys keys = AccessKeys.NONE;
    private volatile ByteString pass = ByteString.EMPTY;

    // Under the monitor.
    private long passUntilMillis;
    private long toldNanos;

    public Access(MetricRegistry metrics, long nowNanos) {
        this(metrics, nowNanos, List::of);
    }

    /// @param doors whom the node's ports turned away since they were last asked
    public Access(MetricRegistry metrics, long nowNanos, Supplier<List<AccessRefused>> doors) {
        this.doors = doors;
        refusals = metrics.counter("node.access.refusals");
        toldNanos = nowNanos - REPORT_NANOS;
    }

    /// The keys that are in force from now on; older ones than those at hand are no news.
    public void keys(io.coppice.wire.pb.AccessKeys told, long wallMillis) {
        AccessKeys decoded = AccessKeyCodec.decode(told);
        if (decoded.newest() > keys.newest()) {
            keys = decoded;
            renew(wallMillis);
        }
    }

    /// What this node shows to the others of its groups; empty: nothing is asked for.
    public ByteString pass() {
        return pass;
    }

    /// Time passes: the pass is made anew long before it is over, and the quorum is told now and
    /// then of what was refused.
    public void tick(long wallMillis, long nowNanos, Consumer<NodeMessage> quorum) {
        if (isPassOld(wallMillis)) {
            renew(wallMillis);
        }
        if (isTimeToTell(nowNanos)) {
            tell(doors.get(), quorum);
            tell(untold.take(), quorum);
        }
    }

    private static void tell(List<AccessRefused> all, Consumer<NodeMessage> quorum) {
        all.forEach(refused ->
                quorum.accept(NodeMessage.newBuilder().setAccessRefused(refused).build()));
    }

    private synchronized boolean isTimeToTell(long nowNanos) {
        if (nowNanos - toldNanos < REPORT_NANOS) {
            return false;
        }
        toldNanos = nowNanos;
        return true;
    }

    private synchronized boolean isPassOld(long wallMillis) {
        return passUntilMillis - wallMillis < Capability.LIFE_MILLIS / 2;
    }

    private synchronized void renew(long wallMillis) {
        AccessKeys present = keys;
        if (present.isOn()) {
            passUntilMillis = wallMillis + Capability.LIFE_MILLIS;
            pass =
                    ByteString.copyFrom(
                            present.sign(
                                    new Capability(
                                            Capability.Right.REPLICATE,
                                            0,
                                            0,
                                            0,
                                            "",
                                            passUntilMillis)));
        }
    }

    AccessKeys keys() {
        return keys;
    }

    // ------------------------------------------------------------ refusals

    /// Something was refused.
    void refused(String from, String holder, String what, long volume, String why) {
        refusals.inc();
        untold.add(
                AccessRefused.newBuilder()
                        .setFrom(from)
                        .setHolder(holder)
                        .setWhat(what)
                        .setVolume(volume)
                        .setWhy(why)
                        .build());
    }
}
