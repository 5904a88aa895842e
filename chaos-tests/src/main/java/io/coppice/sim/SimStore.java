package io.coppice.sim;

import io.coppice.check.Violation;
import io.coppice.node.StoreHome;
import io.coppice.node.lane.Lane;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreFormatException;
import io.coppice.node.store.StoreIdentity;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A disk of a node, and what outlives its processes.
final class SimStore {
    static final long CAPACITY = 256L << 20;

    private final String name;
    private SimDisk disk = new SimDisk(CAPACITY);
    private UUID uuid;
    private @Nullable String failure;
    private String scrubbed = "";
    private boolean lostPower = true;

    SimStore(String name, UUID uuid) {
        this.name = name;
        this.uuid = uuid;
    }

    static StoreConfig config() {
        return new StoreConfig(
                64 << 10, 256 << 10, CAPACITY, 2, 95, 512 << 10, 20, 20, 64, 64, 256);
    }

    SimDisk disk() {
        return disk;
    }

    void powerFails(Chance fate, boolean allLost) {
        lostPower = true;
        disk.powerFails(fate, allLost);
    }

    /// Whether it is down for good.
    boolean isFailed() {
        return failure != null;
    }

    /// A new disk, with nothing on it, in the place of this one.
    void replace() {
        disk = new SimDisk(CAPACITY);
        uuid = new UUID(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits() + 1_000);
        failure = null;
        scrubbed = "";
        lostPower = true;
    }

    @Override
    public String toString() {
        return name;
    }

    /// The store as one process has it.
    final class Home implements StoreHome {
        private final @Nullable StoreIdentity identity;
        private @Nullable ChunkStore store;
        private boolean suspect;
        @Nullable Lane lane;

        /// Opens what is there.
        Home() throws IOException {
            identity = ChunkStore.identify(disk);
            if (identity != null && failure == null) {
                try {
                    open(config(), identity);
                } catch (StoreFormatException e) {
                    throw e;
                } catch (IOException e) {
                    cannotBeUsed(e);
                }
            }
        }

        /// Empty: it belongs to none yet.
        String cluster() {
            return identity == null ? "" : identity.cluster();
        }

        void cannotBeUsed(IOException why) {
            fail(String.valueOf(why.getMessage()), 0);
        }

        private void open(StoreConfig config, StoreIdentity of) throws IOException {
            var report = new Recovery();
            store = ChunkStore.open(disk, config, of, report);
            suspect = report.suspect();
        }

        @Override
        public UUID uuid() {
            return uuid;
        }

        @Override
        public boolean isOpen() {
            return store != null;
        }

        @Override
        public ChunkStore store() {
            return java.util.Objects.requireNonNull(store);
        }

        @Override
        public boolean isSuspect() {
            return suspect;
        }

        @Override
        public boolean isIntact() {
            return !lostPower;
        }

        @Override
        public void keepBoot() {
            lostPower = false;
        }

        @Override
        public boolean isFailed() {
            return failure != null;
        }

        @Override
        public void fail(String why, long wallMillis) {
            if (!disk.faults().hasErred()) {
                throw new Violation(name + " gives up a disk that never failed: " + why);
            }
            failure = why;
        }

        @Override
        public String scrubProgress() {
            return scrubbed;
        }

        @Override
        public void keepScrubProgress(String text) {
            scrubbed = text;
        }

        @Override
        public long deviceBytes() {
            return CAPACITY;
        }

        @Override
        public void join(String cluster, StoreConfig config) throws IOException {
            if (store == null) {
                open(config, new StoreIdentity(cluster, uuid));
            }
        }
    }
}
