package io.coppice.node;

import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreFormatException;
import java.io.IOException;
import java.util.UUID;

/// Where one store lives: a data directory, or the simulator's disk. Used by one thread at a time.
public interface StoreHome {
    UUID uuid() throws StoreFormatException;

    /// Whether the store exists: false until the node is a member of a cluster.
    boolean isOpen();

    /// Only when open.
    ChunkStore store();

    /// Whether what was recovered may lack something that was durable.
    boolean isSuspect();

    /// Whether the machine has not lost its power since [#keepBoot]: so what the process before
    /// appended is there, synced or not.
    boolean isIntact();

    /// The quorum has registered this process, and knows of what was lost before it. May wait for
    /// the disk; if that fails, the next start counts as one of the machine.
    void keepBoot();

    /// What the device has, for a store that is not open yet.
    long deviceBytes() throws IOException;

    /// Not opened, or not served any more: an operator must replace it.
    boolean isFailed();

    /// What the store acknowledged may be missing from its disk although it can be read now from
    /// memory: so it stays down, also for the next process. May wait for the disk.
    void fail(String why, long wallMillis);

    /// How far the scrub had come; empty: it never began, or nobody knows.
    String scrubProgress();

    /// A hint, which is lost with no harm. May wait for the disk.
    void keepScrubProgress(String text);

    /// Makes the store of a cluster that this node has just become a member of.
    void join(String cluster, StoreConfig config) throws IOException;
}
