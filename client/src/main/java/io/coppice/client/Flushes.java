package io.coppice.client;

import io.coppice.net.ReplyHandler;
import io.coppice.port.Marks;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupEpoch;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Flushes of one device: SYNC to every node that holds a serving replica of a group written since
/// the last one. One runs at a time; those that come meanwhile share the next, or the running one
/// when nothing was written since it began. A group that may have lost what a flush would cover
/// fails it, once: who asked for it hears of all that was acknowledged until then. On the event
/// loop.
final class Flushes {
    private final NodeCalls calls;
    private final EventLoop loop;
    private final long deadlineNanos;
    private final int callersMax;

    /// Groups with acknowledged writes that no finished or running flush covers.
    private DirtyGroups dirty = new DirtyGroups();

    /// Of those in `dirty`, the ones that were written to since the last of `waiting` asked. The
    /// run that these start covers them, but if it finds them lost these hear of it, and their
    /// flushes never promised anything for such writes: the next flush says it again.
    private final DirtyGroups unasked = new DirtyGroups();

    /// Empty; takes turns with `dirty`, so that a flush makes no table of its own.
    private DirtyGroups spare = new DirtyGroups();

    private @Nullable Run running;
    private List<Completion> waiting = new ArrayList<>();

    /// @param callersMax callers that may wait; one more fails at once (R12)
    Flushes(NodeCalls calls, EventLoop loop, long deadlineNanos, int callersMax) {
        this.callersMax = callersMax;
        this.calls = calls;
        this.loop = loop;
        this.deadlineNanos = deadlineNanos;
    }

    /// A write to `group`, done in `epoch`, is about to be acknowledged, and is not durable yet.
    void wrote(int group, long epoch) {
        dirty.add(group, epoch);
        if (!waiting.isEmpty()) {
            unasked.add(group, epoch);
        }
    }

    void flush(Completion done) {
        Run now = running;
        if (now != null && now.callers.size() + waiting.size() >= callersMax) {
            done.done(
                    new DeviceException(
                            DeviceException.Reason.OVERLOADED,
                            "more than " + callersMax + " flushes wait already; slow down"));
        } else if (now == null) {
            start(List.of(done));
        } else if (dirty.isEmpty()) {
            now.callers.add(done);
            now.late.clear();
        } else {
            waiting.add(done);
            unasked.clear();
        }
    }

    /// The device ended: nobody is left waiting.
    void end(DeviceException why) {
        Run now = running;
        if (now != null) {
            now.finish(why);
        }
        var left = waiting;
        waiting = new ArrayList<>();
        left.forEach(done -> done.done(why));
    }

    private void start(List<Completion> callers) {
        var run = new Run(callers, dirty);
        dirty = spare;
        run.late.addAll(unasked);
        unasked.clear();
        running = run;
        run.round();
    }

    /// One flush: rounds of SYNC until every group is synced in one epoch on all its serving
    /// replicas.
    private final class Run {
        final List<Completion> callers;
        private final DirtyGroups left;
        private final long endNanos = calls.time().nanos() + deadlineNanos;
        private final DirtyGroups lost = new DirtyGroups();

        /// Written to after the last of `callers` asked.
        final DirtyGroups late = new DirtyGroups();

        private Set<Integer> failed = new TreeSet<>();
        private int unanswered;
        private int rounds;
        private boolean finished;
        private String lastRefusal = "no answer";

        Run(List<Completion> callers, DirtyGroups groups) {
            this.callers = new ArrayList<>(callers);
            this.left = groups;
        }

        void round() {
            if (finished) {
                return;
            }
            if (left.isEmpty()) {
                finish(loss());
                return;
            }
            if (rounds++ > 0 && calls.time().nanos() - endNanos >= 0) {
                finish(
                        new DeviceException(
                                DeviceException.Reason.TIMED_OUT,
                                "the flush did not finish in time: " + lastRefusal));
                return;
            }
            failed = new TreeSet<>();
            Map<String, DataHeader.Builder> requests = requests();
            unanswered = requests.size() + 1;
            requests.forEach((address, header) -> calls.call(address, header, new Reply(header)));
            answered(); // our own count: the round cannot end while it is being sent
        }

        private Map<String, DataHeader.Builder> requests() {
            Map<String, DataHeader.Builder> requests = new HashMap<>();
            left.stream()
                    .forEach(id -> {
                        Views.Group group = calls.views().group(id);
                        if (group != null && group.lossEpoch() > left.since(id)) {
                            lost.add(id, left.since(id));
                            left.remove(id);
                            return;
                        }
                        if (group == null || group.primary() == null) {
                            failed.add(id);
                            lastRefusal = "group " + id + " has no serving replica";
                            return;
                        }
                        var entry = GroupEpoch.newBuilder().setGroup(id).setEpoch(group.epoch());
                        for (String address : group.serving()) {
                            requests.computeIfAbsent(
                                            address,
                                            key -> DataHeader.newBuilder().setKind(DataKind.SYNC))
                                    .addSyncGroups(entry);
                        }
                    });
            return requests;
        }

        private void answered() {
            if (--unanswered > 0 || finished) {
                return;
            }
            left.stream().filter(group -> !failed.contains(group)).forEach(left::remove);
            if (left.isEmpty()) {
                finish(loss());
            } else {
                loop.schedule(this::round, calls.pauseMillis(rounds), TimeUnit.MILLISECONDS);
            }
        }

        private @Nullable DeviceException loss() {
            if (lost.isEmpty()) {
                return null;
            }
            lost.stream().filter(late::contains).forEach(id -> dirty.add(id, late.since(id)));
            lost.clear(); // said once
            Marks.hit("a flush said that writes were lost");
            return new DeviceException(
                    DeviceException.Reason.WRITES_LOST,
                    "writes since the last flush may be lost, because all their replicas lost their"
                            + " power: write them again");
        }

        void finish(@Nullable DeviceException failure) {
            if (finished) {
                return;
            }
            finished = true;
            running = null;
            dirty.addAll(left);
            dirty.addAll(lost);
            left.clear();
            spare = left;
            if (failure == null && !waiting.isEmpty()) {
                var next = waiting;
                waiting = new ArrayList<>();
                start(next);
            } else if (failure != null) {
                callers.addAll(waiting); // they would meet the same
                waiting = new ArrayList<>();
                unasked.clear();
            }
            callers.forEach(done -> done.done(failure));
        }

        private final class Reply implements ReplyHandler {
            private final DataHeader.Builder request;

            Reply(DataHeader.Builder request) {
                this.request = request;
            }

            @Override
            public void reply(DataHeader header, ByteBuf payload) {
                payload.release();
                if (header.getStatus() != DataStatus.OK) {
                    refused(header.getStatus() + " " + header.getMessage());
                }
                answered();
            }

            @Override
            public void failed(String why) {
                refused(why);
                answered();
            }

            private void refused(String why) {
                lastRefusal = why;
                request.getSyncGroupsList().forEach(group -> failed.add(group.getGroup()));
            }
        }
    }
}
