package io.coppice.metadata.core;

import static io.coppice.metadata.core.RecordFormat.LIST_MAX;
import static io.coppice.metadata.core.RecordFormat.list;
import static io.coppice.metadata.core.StateFormat.count;
import static io.coppice.metadata.core.StateFormat.text;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/// The bytes of what was counted in a snapshot.
final class AccountingFormat {
    private AccountingFormat() {}

    static void write(DataOutputStream out, Tables tables) throws IOException {
        List<String> projects = List.copyOf(tables.owned.keys());
        out.writeInt(projects.size());
        for (String project : projects) {
            text(out, project);
            out.writeLong(Objects.requireNonNull(tables.owned.get(project)));
        }
        List<Long> clones = List.copyOf(tables.holdings.keys());
        out.writeInt(clones.size());
        for (long clone : clones) {
            Holdings held = Objects.requireNonNull(tables.holdings.get(clone));
            out.writeLong(clone);
            out.writeLong(held.divergedMillis());
            list(out, held.past(), AccountingFormat::holding);
        }
    }

    static void read(DataInputStream in, Tables tables) throws IOException {
        int projects = count(in, LIST_MAX);
        for (int i = 0; i < projects; i++) {
            tables.owned.put(text(in), in.readLong());
        }
        int clones = count(in, LIST_MAX);
        for (int i = 0; i < clones; i++) {
            long clone = in.readLong();
            long diverged = in.readLong();
            var held = new Holdings(list(in, AccountingFormat::holding), diverged);
            tables.holdings.put(clone, held);
        }
    }

    private static void holding(DataOutputStream out, Holding holding) throws IOException {
        out.writeLong(holding.millis());
        out.writeLong(holding.mappedBytes());
        out.writeLong(holding.ownBytes());
    }

    private static Holding holding(DataInputStream in) throws IOException {
        return new Holding(in.readLong(), in.readLong(), in.readLong());
    }
}
