package io.coppice.chaos.net;

import io.coppice.chaos.linux.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/// Carries packets between hosts. Each host is a network namespace with one TUN device, whose other
/// end is held here: what a host sends is read, its [Links] are asked, and it is written to the
/// device of whom it is for, now or later. Lives as long as the process.
public final class Switch {
    /// Large packets are few packets: nothing here is about Ethernet.
    public static final int MTU = 60_000;

    private static final int HOSTS_MAX = 250;
    private static final String DEVICE = "/dev/net/tun";
    private static final long TUNSETIFF = 0x400454caL;
    private static final short IFF_TUN_NO_PI = 0x1001;
    private static final int NAME_BYTES_MAX = 16;
    private static final int IFREQ_BYTES = 40;
    private static final int PREFIX = 10 << 24 | 77 << 16;
    private static final int DESTINATION_AT = 16;
    private static final int HEADER_BYTES = 20;
    private static final ValueLayout.OfInt ADDRESS =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /// A packet on its way.
    private record Late(int to, byte[] packet, long at) implements Delayed {
        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(at - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(at - ((Late) other).at, 0);
        }
    }

    private final Links links;
    private final int[] devices;
    private final DelayQueue<Late> late = new DelayQueue<>();

    public Switch(Links links) {
        if (links.hosts() > HOSTS_MAX) {
            throw new IllegalArgumentException("at most " + HOSTS_MAX + " hosts");
        }
        this.links = links;
        devices = new int[links.hosts()];
        Thread.ofPlatform().name("switch-late").daemon().start(this::deliverLate);
    }

    /// Where a host is reached.
    public static String address(int host) {
        return "10.77.0." + (host + 1);
    }

    /// Makes the device of a host, in the namespace of this process; it may be moved into another
    /// one, and must get its address there.
    public void attach(int host, String device) throws IOException {
        int fd = Libc.open(DEVICE);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES);
            request.setString(0, device, StandardCharsets.US_ASCII);
            request.set(ValueLayout.JAVA_SHORT, NAME_BYTES_MAX, IFF_TUN_NO_PI);
            Libc.ioctl(fd, TUNSETIFF, request);
        } catch (IOException failed) {
            Libc.close(fd);
            throw failed;
        }
        devices[host] = fd;
        Thread.ofPlatform().name("switch-" + device).daemon().start(() -> carry(host, fd));
    }

    private void carry(int from, int fd) {
        MemorySegment buffer = Arena.ofAuto().allocate(MTU + HEADER_BYTES);
        var arrivals = new long[Links.COPIES_MAX];
        while (true) {
            long length = Libc.read(fd, buffer);
            if (length < 0 && length != -Libc.EINTR) {
                return; // the device is gone
            }
            if (length < HEADER_BYTES) {
                continue;
            }
            int to = host(buffer.get(ADDRESS, DESTINATION_AT));
            if (to < 0 || devices[to] == 0) {
                continue; // of IPv6, or for nobody
            }
            long now = System.nanoTime();
            int copies = links.fate(from, to, (int) length, now, arrivals);
            for (int i = 0; i < copies; i++) {
                if (arrivals[i] == now) {
                    Libc.write(devices[to], buffer, length);
                } else {
                    byte[] kept = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                    late.add(new Late(to, kept, arrivals[i]));
                }
            }
        }
    }

    private int host(int address) {
        int host = (address & 0xffff) - 1;
        return (address & 0xffff0000) == PREFIX && host >= 0 && host < devices.length ? host : -1;
    }

    private void deliverLate() {
        MemorySegment buffer = Arena.ofAuto().allocate(MTU + HEADER_BYTES);
        while (true) {
            try {
                Late next = late.take();
                int length = next.packet().length;
                MemorySegment.copy(next.packet(), 0, buffer, ValueLayout.JAVA_BYTE, 0, length);
                Libc.write(devices[next.to()], buffer, length);
            } catch (InterruptedException nobodyAsks) {
                return;
            }
        }
    }
}
