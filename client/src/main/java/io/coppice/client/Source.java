package io.coppice.client;

import org.jspecify.annotations.Nullable;

/// What a device is of.
///
/// @param snapshot 0: the live volume
/// @param fence 0: without an attachment
/// @param cipher null: it is not encrypted
record Source(
        String name,
        long volume,
        long snapshot,
        long size,
        long generation,
        long fence,
        @Nullable BlockCipher cipher) {}
