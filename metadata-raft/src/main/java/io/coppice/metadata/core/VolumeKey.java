package io.coppice.metadata.core;

import io.coppice.model.Names;
import java.util.regex.Pattern;

/// What a volume's data is encrypted with, as far as the quorum knows it. Volumes with the same
/// `id` can share blocks.
///
/// @param id of the data key
/// @param name of the key that wraps it, which only clients have
/// @param wrappedBy which key of that name it was
/// @param wrapped the data key, in base64; empty: it was erased
public record VolumeKey(String id, String name, String wrappedBy, String wrapped) {
    private static final Pattern ID = Pattern.compile("[0-9a-f]{16,64}");

    /// More than any way to wrap 64 bytes takes.
    private static final Pattern WRAPPED = Pattern.compile("[A-Za-z0-9+/=]{88,512}");

    public boolean erased() {
        return wrapped.isEmpty();
    }

    /// Nobody gets the data key from it any more; it is still known which one it was.
    VolumeKey erase() {
        return new VolumeKey(id, name, wrappedBy, "");
    }

    /// Whether it may be a client's.
    boolean isWellFormed() {
        return ID.matcher(id).matches()
                && Names.isValid(name)
                && ID.matcher(wrappedBy).matches()
                && WRAPPED.matcher(wrapped).matches();
    }
}
