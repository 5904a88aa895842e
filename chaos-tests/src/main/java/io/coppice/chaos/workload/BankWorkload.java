package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import io.coppice.chaos.client.ClientWorld.Door;
import io.coppice.chaos.client.Device;
import io.coppice.chaos.client.LibraryDevice;
import io.coppice.chaos.client.Recorder;
import io.coppice.chaos.client.SharedDevice;
import io.coppice.chaos.client.Stamp;
import io.coppice.chaos.history.History;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.workload.Verdict.Finding;
import io.coppice.client.BlockDevice;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.SnapshotName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Money moves between accounts on two volumes, by a journal on the first of them, as a data base
/// does it. Every snapshot of both volumes at once, once its journal was replayed, holds the same
/// sum: it is one moment of both.
final class BankWorkload implements Workload {
    private static final int TELLERS = 3;
    private static final int ACCOUNTS_EACH = 4;
    private static final int ACCOUNTS = TELLERS * ACCOUNTS_EACH;
    private static final int OPENING = 50;
    private static final long BYTES = 64L << 20;
    private static final long STRIDE = BYTES / (ACCOUNTS + TELLERS) / Stamp.BYTES * Stamp.BYTES;
    private static final long SUM = 2L * ACCOUNTS * Entry.FIRST;
    private static final long RETRY_MILLIS = 100;
    private static final long SNAPSHOT_MILLIS = 40;
    private static final long FINISH_NANOS = 60_000_000_000L;

    /// Journal entries and balances, as values of blocks.
    ///
    /// @param from account on the volume `side`
    /// @param to account on the other one
    private record Entry(int side, int from, int to, long left, long arrived) {
        static final long FIRST = 1_000;
        private static final long INTENT = 1L << 62;
        private static final int MONEY_BITS = 17;
        private static final int ACCOUNT_BITS = 6;
        private static final long MONEY = (1L << MONEY_BITS) - 1;
        private static final int ACCOUNT = (1 << ACCOUNT_BITS) - 1;

        /// @param turn makes values differ
        long encode(long turn) {
            long value = INTENT | (turn & 0x3fff) << 47 | (long) side << 46;
            value |= (long) from << 2 * MONEY_BITS + ACCOUNT_BITS | (long) to << 2 * MONEY_BITS;
            return value | left << MONEY_BITS | arrived;
        }

        static boolean isIntent(long value) {
            return value > 0 && (value & INTENT) != 0;
        }

        static Entry decode(long value) {
            return new Entry(
                    (int) (value >> 46) & 1,
                    (int) (value >> 2 * MONEY_BITS + ACCOUNT_BITS) & ACCOUNT,
                    (int) (value >> 2 * MONEY_BITS) & ACCOUNT,
                    value >> MONEY_BITS & MONEY,
                    value & MONEY);
        }

        /// An account that was never written to holds what all begin with.
        static long balance(long value) {
            return value == 0 ? FIRST : value & MONEY;
        }

        static long account(long balance, long turn) {
            return turn << MONEY_BITS | balance;
        }
    }

    /// Where values come from: volumes that are written, or snapshots of them.
    private interface Books {
        long value(int side, int block) throws IOException;
    }

    @Override
    public String name() {
        return "bank";
    }

    @Override
    public String about() {
        return "transfers between two volumes, and snapshots of both in which the sum must hold";
    }

    @Override
    public List<Door> doors() {
        return List.of(Door.LIBRARY, Door.LIBRARY);
    }

    @Override
    public void prepare(ControlPlane control, int clients) throws ControlException {
        for (int i = 1; i <= clients; i++) {
            Workload.createVolume(control, volume(i, 0), BYTES);
            Workload.createVolume(control, volume(i, 1), BYTES);
        }
    }

    private static String volume(int client, int side) {
        return (side == 0 ? "credit" : "debit") + client;
    }

    private static String bank(ClientWorld world) {
        return "bank" + world.identity().index();
    }

    @Override
    public int workers() {
        return TELLERS + 1;
    }

    /// Both volumes, as one client has them open at one time.
    private record Pair(Device credit, Device debit) {
        Device of(int side) {
            return side == 0 ? credit : debit;
        }
    }

    /// The volumes of a client; its tellers share them.
    private static final class Vault {
        private final SharedDevice credit;
        private final SharedDevice debit;
        private @Nullable Pair open;

        Vault(ClientWorld world) {
            int client = world.identity().index();
            credit = new SharedDevice(world, volume(client, 0), OPENING);
            debit = new SharedDevice(world, volume(client, 1), OPENING + 1);
        }

        /// Null: not now.
        synchronized @Nullable Pair open() {
            if (open == null) {
                Device one = credit.device();
                Device other = one == null ? null : debit.device();
                open = one == null || other == null ? null : new Pair(one, other);
            }
            return open;
        }

        /// A teller does not know what became of something there.
        synchronized void close(Pair pair) {
            if (open == pair) {
                credit.close();
                debit.close();
                open = null;
            }
        }
    }

    private @Nullable Vault vault;

    private synchronized Vault vault(ClientWorld world) {
        Vault made = vault == null ? new Vault(world) : vault;
        vault = made;
        return made;
    }

    @Override
    public void work(ClientWorld world, int worker) {
        Recorder recorder = world.recorder(worker);
        var random = new SplittableRandom(world.identity().seed() + worker);
        if (worker == TELLERS) {
            audit(world, recorder);
            return;
        }
        Vault vault = vault(world);
        long turn = (long) world.identity().life() << 24;
        boolean sure = false;
        while (world.working()) {
            Pair both = vault.open();
            if (both == null) {
                ClientWorld.pause(RETRY_MILLIS);
                continue;
            }
            long now = ++turn;
            boolean replay = !sure;
            sure =
                    recorder.change(
                                    replay ? "replay" : "transfer",
                                    bank(world),
                                    now,
                                    () -> {
                                        if (replay) {
                                            replay(both, worker, now);
                                        } else {
                                            transfer(both, worker, now, random);
                                        }
                                        return now;
                                    })
                            .ok();
            if (!sure) {
                // The journal says what to do again; what it says is the same as what may still
                // be under way.
                vault.close(both);
                ClientWorld.pause(random.nextLong(RETRY_MILLIS));
            }
        }
    }

    private static void transfer(Pair both, int teller, long turn, SplittableRandom random)
            throws IOException {
        int side = random.nextInt(2);
        int from = teller * ACCOUNTS_EACH + random.nextInt(ACCOUNTS_EACH);
        int to = teller * ACCOUNTS_EACH + random.nextInt(ACCOUNTS_EACH);
        long has = Entry.balance(read(both.of(side), from));
        long had = Entry.balance(read(both.of(1 - side), to));
        long amount = has == 0 ? 0 : random.nextLong(has + 1);
        var entry = new Entry(side, from, to, has - amount, had + amount);
        write(both.credit(), ACCOUNTS + teller, entry.encode(turn));
        carryOut(both, entry, turn);
        write(both.credit(), ACCOUNTS + teller, turn);
    }

    private static void replay(Pair both, int teller, long turn) throws IOException {
        long journal = read(both.credit(), ACCOUNTS + teller);
        if (Entry.isIntent(journal)) {
            carryOut(both, Entry.decode(journal), turn);
            write(both.credit(), ACCOUNTS + teller, turn);
        }
    }

    private static void carryOut(Pair both, Entry entry, long turn) throws IOException {
        write(both.of(entry.side()), entry.from(), Entry.account(entry.left(), turn));
        write(both.of(1 - entry.side()), entry.to(), Entry.account(entry.arrived(), turn));
    }

    private static long read(Device device, int block) throws IOException {
        var bytes = ByteBuffer.allocate(Stamp.BYTES);
        device.read(block * STRIDE, bytes);
        return Stamp.value(bytes, block);
    }

    private static void write(Device device, int block, long value) throws IOException {
        device.write(block * STRIDE, Stamp.of(value, block), false);
    }

    // ------------------------------------------------------------ sums

    private static void audit(ClientWorld world, Recorder recorder) {
        int client = world.identity().index();
        for (int i = 0; world.working(); i++) {
            String name = "audit-" + world.identity().life() + "-" + i;
            var taken =
                    recorder.change(
                            "snapshot",
                            bank(world),
                            i,
                            () -> {
                                world.execute(
                                        ExecuteRequest.newBuilder()
                                                .setCreateSnapshots(
                                                        CreateSnapshots.newBuilder()
                                                                .addSnapshots(
                                                                        named(client, 0, name))
                                                                .addSnapshots(
                                                                        named(client, 1, name))));
                                return 0;
                            });
            if (taken.ok()) {
                recorder.harmless("sum", bank(world), () -> sum(world, name));
                delete(world, client, name);
            }
            ClientWorld.pause(SNAPSHOT_MILLIS);
        }
    }

    private static SnapshotName named(int client, int side, String name) {
        return SnapshotName.newBuilder().setVolume(volume(client, side)).setSnapshot(name).build();
    }

    private static long sum(ClientWorld world, String snapshot) throws IOException {
        int client = world.identity().index();
        try (BlockDevice credit = open(world, volume(client, 0) + "@" + snapshot);
                BlockDevice debit = open(world, volume(client, 1) + "@" + snapshot)) {
            var both = new Pair(new LibraryDevice(credit), new LibraryDevice(debit));
            return sum((side, block) -> read(both.of(side), block));
        }
    }

    private static BlockDevice open(ClientWorld world, String source) throws IOException {
        return world.library().open(source, OpenOption.READ_ONLY);
    }

    private static long sum(Books books) throws IOException {
        var money = new long[2][ACCOUNTS];
        for (int side = 0; side < 2; side++) {
            for (int account = 0; account < ACCOUNTS; account++) {
                long value = books.value(side, account);
                if (value == Stamp.TORN) {
                    return Stamp.TORN;
                }
                money[side][account] = Entry.balance(value);
            }
        }
        for (int teller = 0; teller < TELLERS; teller++) {
            long journal = books.value(0, ACCOUNTS + teller);
            if (Entry.isIntent(journal)) {
                Entry entry = Entry.decode(journal);
                money[entry.side()][entry.from()] = entry.left();
                money[1 - entry.side()][entry.to()] = entry.arrived();
            }
        }
        long sum = 0;
        for (int account = 0; account < ACCOUNTS; account++) {
            sum += money[0][account] + money[1][account];
        }
        return sum;
    }

    private static void delete(ClientWorld world, int client, String name) {
        for (int side = 0; side < 2; side++) {
            try {
                world.execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteSnapshot(
                                        DeleteSnapshot.newBuilder()
                                                .setSnapshot(named(client, side, name))));
            } catch (IOException stays) {
                // It costs space, and nothing is judged by it.
            }
        }
    }

    @Override
    public void finish(ClientWorld world) {
        Recorder recorder = world.recorder(workers());
        long end = System.nanoTime() + FINISH_NANOS;
        Vault vault = vault(world);
        while (true) {
            Pair both = vault.open();
            boolean known =
                    both != null
                            && recorder.harmless(
                                            "sum",
                                            bank(world),
                                            () -> sum((side, block) -> read(both.of(side), block)))
                                    .ok();
            if (both != null) {
                vault.close(both);
            }
            if (known) {
                return;
            }
            if (System.nanoTime() > end) {
                throw new IllegalStateException("the bank cannot be read at the end");
            }
            ClientWorld.pause(RETRY_MILLIS);
        }
    }

    /// A loss of everything's power may take what was not flushed, and sums with it.
    @Override
    public Verdict judge(History history, List<Long> blackouts) {
        List<Operation> sums =
                history.operations().stream()
                        .filter(each -> each.f().equals("sum") && each.ok())
                        .toList();
        List<Finding> wrong =
                sums.stream()
                        .filter(each -> each.value() != SUM && blackouts.isEmpty())
                        .limit(5)
                        .map(each ->
                                new Finding(
                                        each.key() + " holds " + each.value() + ", not " + SUM,
                                        List.of(each)))
                        .toList();
        long transfers = history.operations().stream().filter(Operation::ok).count();
        return new Verdict(transfers, wrong);
    }
}
