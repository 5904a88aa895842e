package io.coppice.metadata.server;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.raft.RaftMembership;
import io.coppice.metadata.raft.RaftMembership.Member;
import io.coppice.wire.pb.IntroduceYourself;
import io.coppice.wire.pb.Introduction;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the other servers of the quorum say of themselves, who are asked again and again. The
/// leader has nothing end by itself while its clock is not that of most of them, and uses a newer
/// format of the log once all of them understand it. It tells the audit log whom they turned away.
/// [#tick] runs on one thread.
final class Companions {
    private static final Logger log = LoggerFactory.getLogger(Companions.class);
    private static final long ASK_NANOS = 10_000_000_000L;

    /// More than the drift that is forgiven and the time of an answer.
    private static final long CLOCK_MILLIS_MAX = 60_000;

    private final Leadership leadership;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile boolean clockAgrees;
    private long notBefore;

    Companions(Leadership leadership) {
        this.leadership = leadership;
        notBefore = leadership.time().nanos();
    }

    /// Of the members of a quorum but this one; may wait. Empty: it does not answer.
    ///
    /// @param tls of [io.coppice.directory.ControlTls#calling]
    static List<Optional<Introduction>> of(
            RaftMembership membership, MetadataServerConfig config, @Nullable SslContext tls) {
        var asking = IntroduceYourself.newBuilder().setRefused(true).build();
        var answers = new ArrayList<Optional<Introduction>>();
        for (Member member : membership.members()) {
            if (member.id().equals(config.id())) {
                continue;
            }
            String address = QuorumMembers.controlOf(membership, config, member.id());
            try (var one = new Neighbours(config.cluster(), List.of(address), tls)) {
                answers.add(one.introduced(asking).stream().findFirst());
            }
        }
        return answers;
    }

    void tick() {
        long now = leadership.time().nanos();
        if (now - notBefore >= 0 && asking.compareAndSet(false, true)) {
            notBefore = now + ASK_NANOS;
            leadership
                    .threads()
                    .execute(() -> {
                        try {
                            heard(leadership.others());
                        } finally {
                            asking.set(false);
                        }
                    });
        }
    }

    /// Whether the leader's clock is that of a majority, itself among them.
    boolean clockAgrees() {
        return clockAgrees;
    }

    private void tellRefused(Introduction of) {
        String server = "metadata server " + of.getId();
        of.getRefusedList().forEach(each -> RefusedNotes.tell(leadership, server, each));
    }

    private void heard(List<Optional<Introduction>> others) {
        others.stream().flatMap(Optional::stream).forEach(this::tellRefused);
        long wall = leadership.time().wallMillis();
        long alike =
                others.stream()
                        .flatMap(Optional::stream)
                        .filter(it -> Math.abs(it.getWallMillis() - wall) <= CLOCK_MILLIS_MAX)
                        .count();
        boolean agrees = (alike + 1) * 2 > others.size() + 1;
        if (!agrees && others.stream().flatMap(Optional::stream).count() > alike) {
            log.warn(
                    "the clock of this server differs by more than {} s from those of others:"
                            + " nothing ends by itself, and no schedule is followed, until they"
                            + " agree",
                    CLOCK_MILLIS_MAX / 1_000);
        }
        clockAgrees = agrees;
        int understood =
                others.stream()
                        .mapToInt(other -> other.map(Introduction::getFormat).orElse(0))
                        .min()
                        .orElse(ClusterConfig.NEWEST_FORMAT);
        int format = Math.min(understood, ClusterConfig.NEWEST_FORMAT);
        boolean newer =
                leadership.read(view ->
                        view.config().filter(config -> config.format() < format).isPresent());
        if (newer) {
            log.info("the metadata is of format {} from here on: all servers know it", format);
            leadership.submit(new Command.RaiseFormat(format));
        }
    }
}
