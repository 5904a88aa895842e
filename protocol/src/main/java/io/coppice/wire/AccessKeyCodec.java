package io.coppice.wire;

import com.google.protobuf.ByteString;
import io.coppice.model.AccessKey;
import io.coppice.model.AccessKeys;
import java.nio.ByteBuffer;

/// Access keys <-> messages, which are as secret as they are.
public final class AccessKeyCodec {
    private static final int SECRET_BYTES = 32;

    private AccessKeyCodec() {}

    public static io.coppice.wire.pb.AccessKey encode(AccessKey key) {
        var secret =
                ByteBuffer.allocate(SECRET_BYTES)
                        .putLong(key.a())
                        .putLong(key.b())
                        .putLong(key.c())
                        .putLong(key.d());
        return io.coppice.wire.pb.AccessKey.newBuilder()
                .setNumber(key.number())
                .setSecret(ByteString.copyFrom(secret.flip()))
                .build();
    }

    /// @throws IllegalArgumentException for what is no key
    public static AccessKey decode(io.coppice.wire.pb.AccessKey key) {
        if (key.getSecret().size() != SECRET_BYTES || key.getNumber() <= 0) {
            throw new IllegalArgumentException("this is no access key");
        }
        ByteBuffer in = key.getSecret().asReadOnlyByteBuffer();
        return new AccessKey(
                key.getNumber(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }

    public static io.coppice.wire.pb.AccessKeys encode(AccessKeys keys) {
        var all = io.coppice.wire.pb.AccessKeys.newBuilder();
        keys.all().forEach(key -> all.addKeys(encode(key)));
        return all.build();
    }

    /// @throws IllegalArgumentException for what is no key
    public static AccessKeys decode(io.coppice.wire.pb.AccessKeys keys) {
        return AccessKeys.of(keys.getKeysList().stream().map(AccessKeyCodec::decode).toList());
    }
}
