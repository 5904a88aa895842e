package io.coppice.metadata.core;

/// A session's right to use a volume.
public record Attachment(long volume, long session, String client, long fence, long sinceMillis) {}
