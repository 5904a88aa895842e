package io.coppice.metadata.core;

import static io.coppice.metadata.core.RecordFormat.list;
import static io.coppice.metadata.core.StateFormat.text;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/// The bytes of principals and of what is given to them in a snapshot.
final class RightsFormat {
    private RightsFormat() {}

    static void write(DataOutputStream out, Tables tables) throws IOException {
        out.writeLong(tables.rights.nextId);
        list(out, tables.rights.principals.values(), RightsFormat::principal);
        List<RightsTables.GrantKey> keys = List.copyOf(tables.rights.grants.keys());
        out.writeInt(keys.size());
        for (RightsTables.GrantKey key : keys) {
            text(out, key.scope().project());
            out.writeLong(key.scope().volume());
            out.writeLong(key.principal());
            out.writeInt(Objects.requireNonNull(tables.rights.grants.get(key)).bits());
        }
    }

    static void read(DataInputStream in, Tables tables) throws IOException {
        tables.rights.nextId = in.readLong();
        list(in, RightsFormat::principal).forEach(tables.rights::put);
        int grants = StateFormat.count(in, RecordFormat.LIST_MAX);
        for (int i = 0; i < grants; i++) {
            var scope = new Grant.Scope(text(in), in.readLong());
            tables.rights.grants.put(
                    new RightsTables.GrantKey(scope, in.readLong()), new Rights(in.readInt()));
        }
    }

    private static void principal(DataOutputStream out, Principal principal) throws IOException {
        out.writeLong(principal.id());
        text(out, principal.name());
        out.writeByte(principal.kind().ordinal());
        list(out, principal.teams(), DataOutputStream::writeLong);
        out.writeLong(principal.createdMillis());
    }

    private static Principal principal(DataInputStream in) throws IOException {
        return new Principal(
                in.readLong(),
                text(in),
                Principal.Kind.values()[in.readByte()],
                list(in, DataInputStream::readLong),
                in.readLong());
    }
}
