package io.coppice.nbd.frame;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// What BLOCK_STATUS can tell about a range.
public enum MetaContext {
    /// Unmapped blocks are holes that read as zeros; everything else is data, shared or not.
    BASE_ALLOCATION(1, "base:allocation"),
    /// Bit 0: another volume or snapshot still maps the same chunk.
    COPPICE_SHARED(2, "coppice:shared");

    private final int id;
    private final String text;

    MetaContext(int id, String text) {
        this.id = id;
        this.text = text;
    }

    /// The number that names the context in status chunks.
    public int id() {
        return id;
    }

    public String text() {
        return text;
    }

    /// Status bits of an extent.
    public int flags(boolean mapped, boolean shared) {
        return switch (this) {
            case BASE_ALLOCATION -> mapped ? 0 : Protocol.STATE_HOLE | Protocol.STATE_ZERO;
            case COPPICE_SHARED -> shared ? Protocol.STATE_SHARED : 0;
        };
    }

    /// Contexts that a listing with these queries names: all without a query, and a bare namespace
    /// ("base:") stands for everything in it.
    public static Set<MetaContext> listed(List<String> queries) {
        if (queries.isEmpty()) {
            return EnumSet.allOf(MetaContext.class);
        }
        return matching(queries, true);
    }

    /// Contexts that SET_META_CONTEXT selects: exact names only, as the protocol wants for `base:`,
    /// and the same for ours.
    public static Set<MetaContext> selected(List<String> queries) {
        return matching(queries, false);
    }

    private static Set<MetaContext> matching(List<String> queries, boolean wildcards) {
        var found = EnumSet.noneOf(MetaContext.class);
        for (String query : queries) {
            for (MetaContext context : values()) {
                boolean namespace = query.endsWith(":") && context.text.startsWith(query);
                if (query.equals(context.text) || (wildcards && namespace)) {
                    found.add(context);
                }
            }
        }
        return found;
    }
}
