package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A thin device in memory. Every answer comes in a later turn of the device's loop, in an order
/// that differs from that of the questions.
final class MemoryDevice implements ExportDevice {
    static final int BLOCK = 4096;

    private final EventLoop loop;
    private final boolean readOnly;
    final TreeMap<Long, byte[]> blocks = new TreeMap<>();
    final Set<Long> shared = new HashSet<>();
    final List<String> calls = new ArrayList<>();
    private final List<Runnable> answers = new ArrayList<>();
    private final List<Runnable> heldBack = new ArrayList<>();
    volatile long size;
    volatile boolean usable = true;
    volatile @Nullable NbdError failure;
    volatile boolean hold;
    volatile int closes;
    volatile int largestWrite;
    volatile int flushes;
    volatile boolean sawForeignThread;

    MemoryDevice(EventLoop loop, long size, boolean readOnly) {
        this.loop = loop;
        this.size = size;
        this.readOnly = readOnly;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public boolean usable() {
        return usable;
    }

    @Override
    public EventLoop eventLoop() {
        return loop;
    }

    @Override
    public void read(long offset, int length, ReadReply reply) {
        call("read");
        answer(
                reply,
                () -> {
                    long end = offset + length;
                    for (long at = offset; at < end; ) {
                        int within = (int) (at % BLOCK);
                        int part = (int) Math.min(BLOCK - within, end - at);
                        byte[] block = blocks.get(at / BLOCK);
                        if (block == null) {
                            reply.hole(part);
                        } else {
                            reply.data(Unpooled.copiedBuffer(block, within, part));
                        }
                        at += part;
                    }
                });
    }

    @Override
    public void write(long offset, ByteBuf data, boolean fua, Completion completion) {
        call("write");
        largestWrite = Math.max(largestWrite, data.readableBytes());
        answer(
                completion,
                () -> {
                    for (long at = offset; data.isReadable(); ) {
                        int within = (int) (at % BLOCK);
                        int part = Math.min(BLOCK - within, data.readableBytes());
                        byte[] block = blocks.computeIfAbsent(at / BLOCK, key -> new byte[BLOCK]);
                        data.readBytes(block, within, part);
                        shared.remove(at / BLOCK);
                        at += part;
                    }
                    if (fua) {
                        flushes++;
                    }
                },
                data::release);
    }

    @Override
    public void flush(Completion completion) {
        call("flush");
        answer(completion, () -> flushes++);
    }

    @Override
    public void discard(long offset, long length, boolean fua, Completion completion) {
        call("discard");
        answer(completion, () -> zero(offset, length, true));
    }

    @Override
    public void writeZeroes(
            long offset, long length, boolean mayUnmap, boolean fua, Completion completion) {
        call(mayUnmap ? "unmap" : "zero");
        answer(completion, () -> zero(offset, length, mayUnmap));
    }

    private void zero(long offset, long length, boolean unmap) {
        long end = offset + length;
        if (unmap && offset % BLOCK == 0 && end % BLOCK == 0) {
            blocks.subMap(offset / BLOCK, end / BLOCK).clear();
            return;
        }
        for (long at = offset; at < end; ) {
            int within = (int) (at % BLOCK);
            int part = (int) Math.min(BLOCK - within, end - at);
            boolean whole = part == BLOCK || at + part == size;
            if (whole && unmap) {
                blocks.remove(at / BLOCK);
            } else if (!unmap || blocks.containsKey(at / BLOCK)) {
                byte[] block = blocks.computeIfAbsent(at / BLOCK, key -> new byte[BLOCK]);
                java.util.Arrays.fill(block, within, within + part, (byte) 0);
            }
            at += part;
        }
    }

    @Override
    public void extents(long offset, long length, int countMax, ExtentsReply reply) {
        call("extents");
        answer(
                reply,
                () -> {
                    long end = offset + length;
                    int count = 0;
                    for (long at = offset; at < end && count < countMax; count++) {
                        long next = at;
                        boolean mapped = blocks.containsKey(at / BLOCK);
                        boolean isShared = shared.contains(at / BLOCK);
                        while (next < end
                                && blocks.containsKey(next / BLOCK) == mapped
                                && shared.contains(next / BLOCK) == isShared) {
                            next = Math.min(end, (next / BLOCK + 1) * BLOCK);
                            if (blocks.isEmpty()) {
                                next = end;
                            }
                        }
                        reply.extent(next - at, mapped, isShared);
                        at = next;
                    }
                });
    }

    @Override
    public void close() {
        closes++;
    }

    /// Lets go what was held back while `hold` was set.
    void letGo() {
        loop.execute(() -> {
            hold = false;
            var all = List.copyOf(heldBack);
            heldBack.clear();
            all.forEach(Runnable::run);
        });
    }

    private void call(String what) {
        sawForeignThread |= !loop.inEventLoop();
        synchronized (calls) {
            calls.add(what);
        }
    }

    private void answer(Completion completion, Runnable action) {
        answer(completion, action, () -> {});
    }

    private void answer(Completion completion, Runnable action, Runnable after) {
        Runnable whole =
                () -> {
                    var error = failure;
                    if (error == null) {
                        action.run();
                    }
                    after.run();
                    if (error == null) {
                        completion.done();
                    } else {
                        completion.failed(error, "the test says so");
                    }
                };
        loop.execute(() -> {
            if (hold) {
                heldBack.add(whole);
                return;
            }
            answers.add(whole);
            if (answers.size() == 1) {
                loop.execute(this::answerAll);
            }
        });
    }

    private void answerAll() {
        var all = List.copyOf(answers);
        answers.clear();
        all.reversed().forEach(Runnable::run);
    }
}
