package io.coppice.nbd;

import io.coppice.nbd.frame.MetaContext;
import io.coppice.nbd.frame.ReplyStyle;
import java.util.Set;

/// What a handshake settled for the transmission phase.
record Negotiated(ReplyStyle style, Set<MetaContext> contexts) {}
