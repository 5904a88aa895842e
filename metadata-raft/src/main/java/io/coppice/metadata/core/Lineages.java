package io.coppice.metadata.core;

/// Who came from whom: history, which outlives its members.
final class Lineages {
    private final Tables tables;

    Lineages(Tables tables) {
        this.tables = tables;
    }

    void put(long id, long parent, String name, boolean snapshot, long now) {
        tables.putLineage(new Lineage(id, parent, name, snapshot, now, 0));
    }

    void rename(long id, String name) {
        Lineage record = tables.lineage.get(id);
        if (record != null) {
            tables.lineage.put(id, record.named(name));
        }
    }

    void deleted(long id, long now) {
        Lineage record = tables.lineage.get(id);
        if (record != null) {
            tables.lineage.put(id, record.deleted(now));
        }
    }

    /// As above, and nothing is kept of it unless something came from it.
    void forget(long id, long now) {
        Lineage record = tables.lineage.get(id);
        if (record != null && !tables.children.contains(id)) {
            tables.removeLineage(record);
        } else {
            deleted(id, now);
        }
    }

    /// The oldest known ancestor; itself when it has none.
    long oldest(long id) {
        long oldest = id;
        Lineage record = tables.lineage.get(id);
        while (record != null) {
            oldest = record.id();
            record = record.parent() == 0 ? null : tables.lineage.get(record.parent());
        }
        return oldest;
    }
}
