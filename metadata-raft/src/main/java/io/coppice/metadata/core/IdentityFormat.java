package io.coppice.metadata.core;

import static io.coppice.metadata.core.RecordFormat.list;
import static io.coppice.metadata.core.StateFormat.text;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/// The bytes of revoked certificates in a snapshot.
final class IdentityFormat {
    private IdentityFormat() {}

    static void write(DataOutputStream out, Tables tables) throws IOException {
        list(out, tables.revocations.values(), IdentityFormat::revocation);
    }

    static void read(DataInputStream in, Tables tables) throws IOException {
        list(in, IdentityFormat::revocation).forEach(it -> tables.revocations.put(it.serial(), it));
    }

    private static void revocation(DataOutputStream out, Revocation it) throws IOException {
        text(out, it.serial());
        text(out, it.name());
        out.writeLong(it.untilMillis());
        out.writeLong(it.sinceMillis());
    }

    private static Revocation revocation(DataInputStream in) throws IOException {
        return new Revocation(text(in), text(in), in.readLong(), in.readLong());
    }
}
