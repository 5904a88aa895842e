package io.coppice.bench.report;

import java.util.List;

/// Text as fio, Linux and the peer's scripts write it, and a small report.
final class Sample {
    static final String FIO =
            """
            fio: a warning that it puts before
            {
              "fio version" : "fio-3.33",
              "jobs" : [
                {
                  "jobname" : "t", "error" : 0, "job_runtime" : 2000, "usr_cpu" : 10.0, "sys_cpu" : 15.0,
                  "read" : {
                    "bw_bytes" : 2867200, "iops" : 700.0, "total_ios" : 1400,
                    "clat_ns" : {
                      "max" : 9000000, "mean" : 210000.5,
                      "percentile" : { "50.000000" : 200000, "99.000000" : 900000, "99.900000" : 3000000 }
                    }
                  },
                  "write" : {
                    "bw_bytes" : 1228800, "iops" : 300.0, "total_ios" : 600,
                    "clat_ns" : {
                      "max" : 8000000, "mean" : 410000.0,
                      "percentile" : { "50.000000" : 400000, "99.000000" : 1900000, "99.900000" : 5000000 }
                    }
                  },
                  "sync" : { "total_ios" : 0, "lat_ns" : { "mean" : 0.0 } }
                }
              ]
            }
            """;

    static final String PEER =
            """
            {
             "nbd/w1": {"runs": 3, "at": "10:08", "calib": {"sha_MBs": 1500, "pingpong_us": 12.1},
              "write": {"iops": 500.0, "mbs": 2.0, "mean": 1900.0, "ios": 5000, "p50": 1800.0, "p99": 3800.0,
               "p999": 5000.0, "max": 9000.0, "iops_runs": [490, 500, 510]},
              "cpu1k": {"peer": 2.0, "osds": 1.8, "export": 0.2, "fio": 0.03}, "busy_cores": 1.2, "others_cores": 0.1},
             "native/w32": {"write": {"iops": 1000.0, "mbs": 4.0, "ios": 10000, "p50": 1.0, "p99": 2.0, "p999": 3.0}},
             "copyup/first write, QD1, one per 4 MiB object": {
              "write": {"iops": 25.0, "mbs": 0.1, "ios": 512, "p50": 43000.0, "p99": 57000.0, "p999": 88000.0},
              "space": {"stored": 2147483648, "objects": 512, "pool_bytes_used": 6442450944}},
             "clone/api bench clone": {"n": 20, "p50_ms": 34.8, "p99_ms": 40.5, "max_ms": 40.5, "mean_ms": 35.0}
            }
            """;

    private Sample() {}

    static Figures figures(double iops) {
        return new Figures()
                .put("iops", iops)
                .put("mbs", iops * 4096 / 1e6)
                .put("write.iops", iops)
                .put("write.mbs", iops * 4096 / 1e6)
                .put("write.p50", 100)
                .put("write.p99", 300)
                .put("cpu.servers", 0.5)
                .put("cpu.node1", 0.2)
                .put("rss.node1", 180);
    }

    /// Coppice at 3,000 and 1,500 IOPS, the peer at 500, a limit at 30,000; one row that failed.
    static Report report() {
        var report = new Report();
        report.facts().put("processor", "2 x <fast> & \"cheap\" | one");
        add(report, CoppiceNbd.NAME, Durability.FLUSH, 3000);
        add(report, CoppiceNbd.NAME, Durability.ALWAYS, 1500);
        add(report, "nbdkit memory", Durability.FLUSH, 30_000);
        Peer.read(PEER).forEach(report::add);
        report.add(
                Measurement.of(Row.R1, CoppiceNbd.NAME, Durability.FLUSH, List.of(), "fio\nended"));
        report.usage().put(Durability.FLUSH, Json.parse("{\"stored_bytes\": 1048576}"));
        return report;
    }

    private static void add(Report report, String subject, Durability durability, double iops) {
        report.add(Measurement.of(Row.W1, subject, durability, List.of(figures(iops)), ""));
    }
}
