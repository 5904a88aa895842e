package io.coppice.bench.report;

/// The JSON that fio writes, as [Figures].
final class FioResult {
    private static final double NANOS_PER_MICRO = 1000;

    private FioResult() {}

    /// Of the first job (`--group_reporting` leaves one). Throws when fio counted errors or nothing
    /// at all.
    static Figures parse(String text) {
        Json job = Json.parse(text).get("jobs").at(0);
        if (!job.isThere()) {
            throw new IllegalArgumentException("fio reported no job");
        }
        if (job.get("error").number(0) != 0) {
            throw new IllegalArgumentException(
                    "fio ended with error " + (long) job.get("error").number(0));
        }
        var figures = new Figures();
        double iops = 0;
        double megabytes = 0;
        double requests = 0;
        for (String direction : new String[] {"read", "write"}) {
            Json part = job.get(direction);
            if (part.get("total_ios").number(0) == 0) {
                continue;
            }
            requests += part.get("total_ios").number(0);
            iops += part.get("iops").number(0);
            megabytes += part.get("bw_bytes").number(0) / 1e6;
            figures.put(direction + ".iops", part.get("iops").number(0));
            figures.put(direction + ".mbs", part.get("bw_bytes").number(0) / 1e6);
            latency(figures, direction, part.get("clat_ns"));
        }
        if (requests == 0) {
            throw new IllegalArgumentException("fio completed no request");
        }
        Json sync = job.get("sync").get("lat_ns");
        if (sync.get("mean").number(0) > 0) { // the count of syncs stays 0 after a ramp
            latency(figures, "sync", sync);
        }
        return figures.put("iops", iops).put("mbs", megabytes).put("requests", requests);
    }

    /// User and system time of fio itself, over the whole run.
    static double cpuSeconds(String text) {
        Json job = Json.parse(text).get("jobs").at(0);
        double percent = job.get("usr_cpu").number(0) + job.get("sys_cpu").number(0);
        return job.get("job_runtime").number(0) / 1000 * percent / 100;
    }

    private static void latency(Figures figures, String name, Json nanos) {
        Json percentiles = nanos.get("percentile");
        put(figures, name + ".p50", percentiles.get("50.000000"));
        put(figures, name + ".p99", percentiles.get("99.000000"));
        put(figures, name + ".p999", percentiles.get("99.900000"));
        put(figures, name + ".mean", nanos.get("mean"));
        put(figures, name + ".max", nanos.get("max"));
    }

    private static void put(Figures figures, String name, Json nanos) {
        nanos.number().ifPresent(value -> figures.put(name, value / NANOS_PER_MICRO));
    }
}
