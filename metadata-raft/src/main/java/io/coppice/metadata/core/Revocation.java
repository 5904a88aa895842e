package io.coppice.metadata.core;

/// A certificate that counts no more.
///
/// @param serial lower-case hexadecimal digits
/// @param name whose it was, for people; may be empty
/// @param untilMillis it ends by itself then, and is forgotten; 0: that is not known
public record Revocation(String serial, String name, long untilMillis, long sinceMillis) {}
