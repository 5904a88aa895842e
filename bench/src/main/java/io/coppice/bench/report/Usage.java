package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// What processes, by name, and the machine have used so far.
///
/// @param cpuSeconds user and system time of all threads
/// @param dirtiedBytes of files, see [ProcText#writtenBytes]
/// @param deviceBytes that reached the device of the work folder, whoever wrote them
record Usage(
        double atSeconds,
        double machineBusySeconds,
        Map<String, Double> cpuSeconds,
        Map<String, Long> dirtiedBytes,
        double deviceBytes) {
    /// Linux shows times in hundredths of a second, whatever its own clock does.
    private static final double TICKS_PER_SECOND = 100;

    private static final String CLIENT = "client";
    private static final double MIB = 1 << 20;

    /// Reads `/proc`; a process that has ended is left out.
    ///
    /// @param work a folder on the device that is watched
    static Usage of(Map<String, Long> pids, Path work) throws IOException {
        var cpu = new LinkedHashMap<String, Double>();
        var written = new LinkedHashMap<String, Long>();
        double busy =
                ProcText.busyTicks(Files.readString(Path.of("/proc/stat"))) / TICKS_PER_SECOND;
        for (var process : pids.entrySet()) {
            Path proc = Path.of("/proc", Long.toString(process.getValue()));
            try {
                cpu.put(
                        process.getKey(),
                        ProcText.cpuTicks(Files.readString(proc.resolve("stat")))
                                / TICKS_PER_SECOND);
                written.put(
                        process.getKey(),
                        ProcText.writtenBytes(Files.readString(proc.resolve("io"))));
            } catch (IOException ended) {
                cpu.remove(process.getKey());
            }
        }
        return new Usage(System.nanoTime() / 1e9, busy, cpu, written, deviceBytes(work));
    }

    /// The same with a client whose time is known from elsewhere, since it has ended.
    Usage withClient(double seconds) {
        var all = new LinkedHashMap<>(cpuSeconds);
        all.put(CLIENT, seconds);
        return new Usage(atSeconds, machineBusySeconds, all, dirtiedBytes, deviceBytes);
    }

    /// NaN when the folder lies on no device, as in memory.
    private static double deviceBytes(Path work) throws IOException {
        String mounts = Files.readString(Path.of("/proc/self/mountinfo"));
        String device = ProcText.device(mounts, work.toAbsolutePath().normalize().toString());
        Path stat = Path.of("/sys/dev/block", device, "stat");
        return Files.isRegularFile(stat)
                ? ProcText.deviceWrittenBytes(Files.readString(stat))
                : Double.NaN;
    }

    /// Memory by process, now; `client` is not a server.
    static Figures memory(Map<String, Long> pids) {
        var figures = new Figures();
        double servers = 0;
        for (var process : pids.entrySet()) {
            Path status = Path.of("/proc", Long.toString(process.getValue()), "status");
            double mib;
            try {
                mib = ProcText.residentBytes(Files.readString(status)) / MIB;
            } catch (IOException ended) {
                continue;
            }
            figures.put("rss." + process.getKey(), mib);
            servers += process.getKey().equals(CLIENT) ? 0 : mib;
        }
        return figures.put("rss.servers", servers);
    }

    /// What was used since `before`, in relation to what the client did meanwhile.
    ///
    /// @param requests that the client had answered in between
    /// @param clientBytes that it wrote in between
    Figures since(Usage before, double requests, double clientBytes) {
        var figures = new Figures();
        double thousands = requests / 1000;
        double servers = 0;
        double client = 0;
        double written = 0;
        double writtenByNodes = 0;
        for (var process : cpuSeconds.entrySet()) {
            String name = process.getKey();
            double used = process.getValue() - before.cpuSeconds.getOrDefault(name, 0.0);
            figures.put("cpu." + name, used / thousands);
            if (name.equals(CLIENT)) {
                client += used;
                continue;
            }
            servers += used;
            double bytes =
                    dirtiedBytes.getOrDefault(name, 0L)
                            - before.dirtiedBytes.getOrDefault(name, 0L);
            written += bytes;
            writtenByNodes += name.startsWith("node") ? bytes : 0;
        }
        figures.put("cpu.servers", servers / thousands);
        figures.put("cpu.client", client / thousands);
        if (clientBytes > 0) {
            figures.put("amplification", (deviceBytes - before.deviceBytes) / clientBytes);
            figures.put("dirtied.servers", written / clientBytes);
            figures.put("dirtied.nodes", writtenByNodes / clientBytes);
        }
        double seconds = atSeconds - before.atSeconds;
        double busy = machineBusySeconds - before.machineBusySeconds;
        figures.put("busy.cores", busy / seconds);
        figures.put("busy.others", Math.max(0, busy - servers - client) / seconds);
        return figures;
    }
}
