package io.coppice.bench.report;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What is measured: the lines of `fio`, the same for every subject behind NBD, and how the client
/// library does the same. In the order in which they run: the first one fills the area that the
/// others use.
enum Row {
    FILL(
            "fill",
            "first writes, 1 MiB sequential QD8",
            Kind.FILL,
            true,
            "--rw=write --bs=1m --iodepth=8"),
    SW8("sw8", "1 MiB sequential write QD8", Kind.STEADY, true, "--rw=write --bs=1m --iodepth=8"),
    SR8("sr8", "1 MiB sequential read QD8", Kind.STEADY, false, "--rw=read --bs=1m --iodepth=8"),
    W1("w1", "4 KiB random write QD1", Kind.STEADY, true, "--rw=randwrite --bs=4k --iodepth=1"),
    W32("w32", "4 KiB random write QD32", Kind.STEADY, true, "--rw=randwrite --bs=4k --iodepth=32"),
    R1("r1", "4 KiB random read QD1", Kind.STEADY, false, "--rw=randread --bs=4k --iodepth=1"),
    R32("r32", "4 KiB random read QD32", Kind.STEADY, false, "--rw=randread --bs=4k --iodepth=32"),
    MIX32(
            "mix32",
            "4 KiB random 70/30 QD32",
            Kind.STEADY,
            true,
            "--rw=randrw --rwmixread=70 --bs=4k --iodepth=32"),
    WFSYNC1(
            "wfsync1",
            "4 KiB random write + fsync QD1",
            Kind.STEADY,
            true,
            "--rw=randwrite --bs=4k --iodepth=1 --fsync=1"),
    FIRST1(
            "first1",
            "first 4 KiB to each chunk of a clone QD1",
            Kind.FIRST_WRITE,
            true,
            "--rw=write:4092k --bs=4k --iodepth=1"),
    FIRST32(
            "first32",
            "first 4 KiB to each chunk of a clone QD32",
            Kind.FIRST_WRITE,
            true,
            "--rw=write:4092k --bs=4k --iodepth=32"),
    CLONE("clone", "clone of a snapshot, the call alone", Kind.CLONE_CALL, false, ""),
    DEPTH1(
            "depth1",
            "4 KiB random read QD32, clone at depth 1",
            Kind.CHAIN,
            false,
            "--rw=randread --bs=4k --iodepth=32"),
    DEPTH1000(
            "depth1000",
            "4 KiB random read QD32, clone at the chain's end",
            Kind.CHAIN,
            false,
            "--rw=randread --bs=4k --iodepth=32");

    /// How a row is run.
    enum Kind {
        /// Once, untimed, over an area that was never written.
        FILL,
        /// For a time, over the filled area.
        STEADY,
        /// Untimed, one block per chunk of a fresh clone.
        FIRST_WRITE,
        /// Calls of the control plane.
        CLONE_CALL,
        /// For a time, on a clone of a clone of ...
        CHAIN
    }

    private final String key;
    private final String title;
    private final Kind kind;
    private final boolean writes;
    private final List<String> fio;

    Row(String key, String title, Kind kind, boolean writes, String fio) {
        this.key = key;
        this.title = title;
        this.kind = kind;
        this.writes = writes;
        this.fio = fio.isEmpty() ? List.of() : List.of(fio.split(" "));
    }

    String key() {
        return key;
    }

    String title() {
        return title;
    }

    Kind kind() {
        return kind;
    }

    /// Whether durability makes a difference.
    boolean writes() {
        return writes;
    }

    List<String> fio() {
        return fio;
    }

    int depth() {
        return Integer.parseInt(option("--iodepth="));
    }

    int blockBytes() {
        return option("--bs=").equals("1m") ? 1 << 20 : 4096;
    }

    private String option(String name) {
        return fio.stream()
                .filter(option -> option.startsWith(name))
                .map(option -> option.substring(name.length()))
                .findFirst()
                .orElse("1");
    }

    boolean isTimed() {
        return kind == Kind.STEADY || kind == Kind.CHAIN;
    }

    /// Large requests are counted in MB/s, small ones in IOPS.
    String headline() {
        return switch (this) {
            case FILL, SW8, SR8 -> "mbs";
            case CLONE -> "clone.p50";
            default -> "iops";
        };
    }

    /// The latency that stands for the row: reads where both are done.
    String latency() {
        return switch (this) {
            case CLONE -> "clone";
            case SR8, R1, R32, MIX32, DEPTH1, DEPTH1000 -> "read";
            default -> "write";
        };
    }

    static Optional<Row> of(String key) {
        return Arrays.stream(values()).filter(row -> row.key.equals(key)).findFirst();
    }
}
