package io.coppice.metadata.core;

import java.util.List;

/// The answer to a command, the same on every server and for every retry.
public sealed interface Outcome {

    /// Nothing changed. `message` is one line for a user.
    record Refused(Refusal code, String message) implements Outcome {
        private static final int CHARS_MAX = 1_024;

        public Refused {
            message = message.length() <= CHARS_MAX ? message : message.substring(0, CHARS_MAX);
        }
    }

    /// It is done.
    sealed interface Done extends Outcome {}

    /// There is nothing to tell.
    record Nothing() implements Done {
        public static final Nothing INSTANCE = new Nothing();
    }

    /// Made or changed, as they are now. The leader tells their holders.
    record Volumes(List<Volume> volumes) implements Done {
        public Volumes {
            volumes = List.copyOf(volumes);
        }
    }

    /// `volumes`: whose generation grew by the cut.
    record Snapshots(List<Snapshot> snapshots, List<Volume> volumes) implements Done {
        public Snapshots {
            snapshots = List.copyOf(snapshots);
            volumes = List.copyOf(volumes);
        }
    }

    /// `source`: the live volume whose generation grew, empty when cloned from a snapshot.
    record Clones(List<Volume> clones, List<Volume> source) implements Done {
        public Clones {
            clones = List.copyOf(clones);
            source = List.copyOf(source);
        }
    }

    /// Made or changed.
    record PolicyPut(Policy policy) implements Done {}

    /// Made or changed.
    record ProjectPut(Project project) implements Done {}

    /// Somebody was given rights, or lost them; `ended`: the attachments that went with them, as in
    /// [DueDone].
    record RightsChanged(List<Attachment> ended) implements Done {
        public RightsChanged {
            ended = List.copyOf(ended);
        }
    }

    record SessionOpened(long session) implements Done {}

    /// `ended`: volumes whose attachment ended.
    record SessionClosed(List<Long> ended) implements Done {
        public SessionClosed {
            ended = List.copyOf(ended);
        }
    }

    /// `barrier`: an earlier holder may still be writing, so before the client hears of this, every
    /// node must have refused fences below `attachment.fence()` (R9).
    record Attached(Volume volume, Attachment attachment, boolean barrier) implements Done {}

    record ChunkIdsLeased(List<ChunkIdRange> ranges) implements Done {
        public ChunkIdsLeased {
            ranges = List.copyOf(ranges);
        }
    }

    /// `stores` in the order of the registration; `groups`: whose view changed.
    record NodeRegistered(int node, List<Store> stores, List<Integer> groups) implements Done {
        public NodeRegistered {
            stores = List.copyOf(stores);
            groups = List.copyOf(groups);
        }
    }

    /// The views of these groups changed: those concerned are to be told.
    record GroupsChanged(List<Integer> groups) implements Done {
        public GroupsChanged {
            groups = List.copyOf(groups);
        }
    }

    /// `more`: another step is needed.
    record Stepped(int released, boolean more) implements Done {}

    /// So many things were done that were due; `ended`: the attachments of volumes that are gone by
    /// that, whose holders every node must refuse from now on (R9).
    record DueDone(int done, List<Attachment> ended, boolean more) implements Done {
        public DueDone {
            ended = List.copyOf(ended);
        }
    }
}
