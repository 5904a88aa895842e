package io.coppice.chaos.disk;

import io.coppice.chaos.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// The bytes of one file, and what is left of them when the power goes: each page that was written
/// to since the last sync is kept, or is again what it was, or both, a sector of the one beside a
/// sector of the other. Thread-safe, except that nobody uses it while [#losePower] runs.
final class DiskFile {
    static final int PAGE_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;
    private static final double TORN = 0.1;

    private final Path backing;
    private final FileChannel channel;

    /// What the disk holds in place of pages that are not synced.
    private final TreeMap<Long, byte[]> durable = new TreeMap<>();

    /// The same of pages whose sync has failed: no later sync makes them durable.
    private final TreeMap<Long, byte[]> forgotten = new TreeMap<>();

    private long size;
    private long durableSize;

    DiskFile(Path backing) throws IOException {
        this.backing = backing;
        channel =
                FileChannel.open(
                        backing,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
    }

    synchronized long size() {
        return size;
    }

    synchronized int unsyncedPages() {
        return durable.size();
    }

    /// @return bytes read; fewer than there is room for at the end of the file
    int read(long offset, ByteBuffer into) throws IOException {
        int got = 0;
        while (into.hasRemaining()) {
            int more = channel.read(into, offset + got);
            if (more < 0) {
                break;
            }
            got += more;
        }
        return got;
    }

    synchronized void write(long offset, ByteBuffer from) throws IOException {
        long end = offset + from.remaining();
        for (long page = offset / PAGE_BYTES; page * PAGE_BYTES < end; page++) {
            remember(page);
        }
        for (long at = offset; from.hasRemaining(); ) {
            at += channel.write(from, at);
        }
        size = Math.max(size, end);
    }

    /// A file that becomes shorter is so for good at once: that change may always be the last one
    /// that the journal took.
    synchronized void truncate(long length) throws IOException {
        if (length < size) {
            channel.truncate(length);
            shorten(durable, length);
            shorten(forgotten, length);
            durableSize = Math.min(durableSize, length);
        } else if (length > size) {
            remember(length / PAGE_BYTES);
            channel.write(ByteBuffer.allocate(1), length - 1);
        }
        size = length;
    }

    private static void shorten(TreeMap<Long, byte[]> pages, long length) {
        long last = length / PAGE_BYTES;
        pages.tailMap(last, false).clear();
        byte[] cut = pages.get(last);
        if (cut != null) {
            Arrays.fill(cut, (int) (length % PAGE_BYTES), PAGE_BYTES, (byte) 0);
        }
    }

    private void remember(long page) throws IOException {
        byte[] doomed = forgotten.remove(page);
        if (doomed != null) {
            durable.put(page, doomed);
        } else if (!durable.containsKey(page)) {
            var old = ByteBuffer.allocate(PAGE_BYTES);
            read(page * PAGE_BYTES, old);
            durable.put(page, old.array());
        }
    }

    synchronized void sync() {
        durable.clear();
        durableSize = size;
    }

    /// What was to be synced stays readable, and is lost with the power, whatever is synced later.
    synchronized void failSync() {
        durable.forEach(forgotten::putIfAbsent);
        durable.clear();
    }

    /// The system writes back by itself when there is much.
    synchronized void writeBack(SplittableRandom chance, int pages) {
        while (durable.size() > pages) {
            Long some = durable.ceilingKey(chance.nextLong(durable.lastKey() + 1));
            durable.remove(some == null ? durable.firstKey() : some);
        }
    }

    synchronized void losePower(SplittableRandom chance) throws IOException {
        long length = durableSize;
        double kept = chance.nextDouble();
        for (Map.Entry<Long, byte[]> page : durable.entrySet()) {
            long at = page.getKey() * PAGE_BYTES;
            double fate = chance.nextDouble();
            if (fate < kept) {
                length = Math.max(length, Math.min(size, at + PAGE_BYTES));
            } else if (fate < kept + TORN) {
                int sector = chance.nextInt(PAGE_BYTES / SECTOR_BYTES) * SECTOR_BYTES;
                put(at + sector, page.getValue(), sector, PAGE_BYTES - sector);
                length = Math.max(length, Math.min(size, at + sector));
            } else {
                put(at, page.getValue(), 0, PAGE_BYTES);
            }
        }
        for (Map.Entry<Long, byte[]> page : forgotten.entrySet()) {
            put(page.getKey() * PAGE_BYTES, page.getValue(), 0, PAGE_BYTES);
        }
        channel.truncate(length);
        if (channel.size() < length) {
            channel.write(ByteBuffer.allocate(1), length - 1);
        }
        size = length;
        durableSize = length;
        durable.clear();
        forgotten.clear();
    }

    private void put(long at, byte[] bytes, int from, int length) throws IOException {
        var source = ByteBuffer.wrap(bytes, from, length);
        for (long to = at; source.hasRemaining(); ) {
            to += channel.write(source, to);
        }
    }

    /// Turns one bit round, where nobody sees it.
    synchronized void flipBit(long bit) throws IOException {
        var one = ByteBuffer.allocate(1);
        if (channel.read(one, bit / 8) == 1) {
            one.put(0, (byte) (one.get(0) ^ 1 << bit % 8)).flip();
            channel.write(one, bit / 8);
        }
    }

    void delete() throws IOException {
        channel.close();
        Files.deleteIfExists(backing);
    }

    static DiskException of(IOException failed) {
        return new DiskException(
                String.valueOf(failed.getMessage()).contains("No space") ? Libc.ENOSPC : Libc.EIO);
    }
}
