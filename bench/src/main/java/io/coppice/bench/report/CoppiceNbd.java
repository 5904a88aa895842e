package io.coppice.bench.report;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Coppice through its NBD gateway. Makes the volume, and the clones and the chain when a row needs
/// them.
final class CoppiceNbd implements Subject {
    static final String NAME = "Coppice";
    private static final String CHAIN = "chain-";
    private static final int REPLICAS = 3;

    private final Cluster cluster;
    private final Fio fio;
    private final Durability durability;
    private int chained;

    CoppiceNbd(Cluster cluster, Fio fio, Durability durability) throws IOException {
        this.cluster = cluster;
        this.fio = fio;
        this.durability = durability;
        cluster.createVolume(Cluster.VOLUME, fio.options().areaBytes());
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean runs(Row row) {
        return row.kind() != Row.Kind.CLONE_CALL;
    }

    @Override
    public Figures run(Row row, int run) throws IOException {
        return switch (row.kind()) {
            case FILL, STEADY -> on(Cluster.VOLUME, row, run);
            case FIRST_WRITE -> warmFirstWrites(row, run);
            case CHAIN, CLONE_CALL ->
                    on(chain(row == Row.DEPTH1 ? 1 : fio.options().chain()), row, run);
        };
    }

    private Figures on(String volume, Row row, int run) throws IOException {
        return fio.run(
                "coppice-" + durability.word(),
                List.of("--ioengine=nbd", "--uri=" + cluster.uri(volume)),
                cluster.servers(),
                row,
                run);
    }

    /// The ramp is the same on other clones: the metadata quorum meets first writes here for the
    /// first time, and much of its time goes into compiling itself.
    private Figures warmFirstWrites(Row row, int run) throws IOException {
        long start = System.nanoTime();
        long ramp = TimeUnit.SECONDS.toNanos(Fio.ramp(fio.options(), run));
        while (System.nanoTime() - start < ramp) {
            firstWrites(row, run);
        }
        return firstWrites(row, run);
    }

    /// On a clone of its own each time; says also how much more the stores hold afterwards.
    private Figures firstWrites(Row row, int run) throws IOException {
        String clone = cluster.fresh("first");
        cluster.cloneOf(Cluster.VOLUME, "", clone);
        double before = cluster.usage().get("raw_bytes").number(Double.NaN);
        Figures figures = on(clone, row, run);
        double after = cluster.usage().get("raw_bytes").number(Double.NaN);
        figures.put("stored.write", (after - before) / figures.get("requests", 0) / REPLICAS);
        cluster.delete(clone);
        return figures;
    }

    /// The clone at this depth; each one is a clone of the one before.
    private String chain(int depth) throws IOException {
        for (; chained < depth; chained++) {
            String parent = chained == 0 ? Cluster.VOLUME : CHAIN + chained;
            cluster.cloneOf(parent, "", CHAIN + (chained + 1));
        }
        return CHAIN + depth;
    }

    @Override
    public void close() {} // the cluster goes as a whole
}
