package io.coppice.chaos.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.chaos.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a disk keeps when its power goes, and what it may lose.
class ForgetfulDiskTest {
    private static final int PAGE = DiskFile.PAGE_BYTES;

    @TempDir Path dir;
    private int disks;

    private ForgetfulDisk disk(long seed) throws IOException {
        return new ForgetfulDisk(
                Files.createDirectory(dir.resolve("disk" + disks++)), 1 << 20, seed);
    }

    private static Inode file(ForgetfulDisk disk, String name) throws DiskException {
        return disk.create(ForgetfulDisk.ROOT, name, 0644, false);
    }

    private static void write(ForgetfulDisk disk, Inode file, long at, int value)
            throws DiskException {
        var bytes = new byte[PAGE];
        java.util.Arrays.fill(bytes, (byte) value);
        disk.write(file.id, at, ByteBuffer.wrap(bytes));
    }

    /// The value of a page; -1: there is none; -2: of more than one.
    private static int page(ForgetfulDisk disk, Inode file, long at) throws DiskException {
        var bytes = ByteBuffer.allocate(PAGE);
        if (disk.read(file.id, at, bytes) < PAGE) {
            return -1;
        }
        Set<Byte> values = new HashSet<>();
        for (byte each : bytes.array()) {
            values.add(each);
        }
        return values.size() == 1 ? bytes.get(0) : -2;
    }

    @Test
    void whatWasSyncedStays() throws IOException, DiskException {
        for (int seed = 0; seed < 50; seed++) {
            ForgetfulDisk disk = disk(seed);
            Inode file = file(disk, "a");
            write(disk, file, 0, 1);
            disk.sync(file.id);
            write(disk, file, PAGE, 2);
            disk.losePower();
            Inode found = disk.lookup(ForgetfulDisk.ROOT, "a");
            assertEquals(1, page(disk, found, 0));
        }
    }

    @Test
    void whatWasNotSyncedMayStayOrGoOrBeTorn() throws IOException, DiskException {
        Set<Integer> seen = new HashSet<>();
        for (int seed = 0; seed < 300; seed++) {
            ForgetfulDisk disk = disk(seed);
            Inode file = file(disk, "a");
            write(disk, file, 0, 1);
            disk.sync(file.id);
            write(disk, file, 0, 2);
            disk.losePower();
            seen.add(page(disk, disk.lookup(ForgetfulDisk.ROOT, "a"), 0));
        }
        assertEquals(Set.of(1, 2, -2), seen);
    }

    @Test
    void namesGoInTheOrderInWhichTheyCame() throws IOException, DiskException {
        Set<Integer> left = new HashSet<>();
        for (int seed = 0; seed < 100; seed++) {
            ForgetfulDisk disk = disk(seed);
            file(disk, "a");
            file(disk, "b");
            disk.rename(ForgetfulDisk.ROOT, "b", ForgetfulDisk.ROOT, "c");
            disk.losePower();
            var names = disk.list(ForgetfulDisk.ROOT).stream().map(each -> each.getKey()).toList();
            assertTrue(
                    Set.of("[]", "[a]", "[a, b]", "[a, c]").contains(names.toString()),
                    names.toString());
            left.add(names.size());
        }
        assertEquals(Set.of(0, 1, 2), left);
    }

    @Test
    void aSyncOfAnyFileKeepsAllNamesBeforeIt() throws IOException, DiskException {
        for (int seed = 0; seed < 30; seed++) {
            ForgetfulDisk disk = disk(seed);
            file(disk, "old");
            Inode file = file(disk, "new.tmp");
            disk.rename(ForgetfulDisk.ROOT, "new.tmp", ForgetfulDisk.ROOT, "old");
            disk.sync(file.id);
            disk.losePower();
            assertEquals(file.id, disk.lookup(ForgetfulDisk.ROOT, "old").id);
        }
    }

    @Test
    void aSyncThatFailedIsNotMadeUpForByALaterOne() throws IOException, DiskException {
        ForgetfulDisk disk = disk(1);
        Inode file = file(disk, "a");
        write(disk, file, 0, 1);
        disk.sync(file.id);
        write(disk, file, 0, 2);
        disk.faults().failSyncs();
        assertEquals(Libc.EIO, assertThrows(DiskException.class, () -> disk.sync(file.id)).error());
        disk.faults().heal();
        assertEquals(2, page(disk, file, 0), "it can still be read");
        disk.sync(file.id);
        disk.losePower();
        assertEquals(1, page(disk, disk.lookup(ForgetfulDisk.ROOT, "a"), 0));
    }

    @Test
    void aFullDiskTakesNoMoreButChangesWhatItHas() throws IOException, DiskException {
        ForgetfulDisk disk = disk(1);
        Inode file = file(disk, "a");
        write(disk, file, 0, 1);
        disk.faults().fill(0);
        write(disk, file, 0, 2);
        assertEquals(
                Libc.ENOSPC,
                assertThrows(DiskException.class, () -> write(disk, file, PAGE, 3)).error());
    }

    @Test
    void bitsAreTurnedWhereTheyAreWanted() throws IOException, DiskException {
        ForgetfulDisk disk = disk(1);
        Inode some = file(disk, "some");
        Inode other = file(disk, "other");
        write(disk, some, 0, 1);
        write(disk, other, 0, 1);
        assertEquals(1, disk.flipBits(path -> path.equals("/some"), 1));
        assertEquals(-2, page(disk, some, 0));
        assertEquals(1, page(disk, other, 0));
        assertEquals(0, disk.flipBits(path -> path.equals("/none"), 1));
    }
}
