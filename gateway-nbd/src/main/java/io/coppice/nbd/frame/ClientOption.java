package io.coppice.nbd.frame;

import java.util.List;

/// What a client asks for during the handshake: one whole option, decoded.
public sealed interface ClientOption {
    /// The number that answers repeat.
    int code();

    /// Old way to choose an export: the answer has no room for an error.
    record ExportName(String name) implements ClientOption {
        @Override
        public int code() {
            return Protocol.OPT_EXPORT_NAME;
        }
    }

    record Abort() implements ClientOption {
        @Override
        public int code() {
            return Protocol.OPT_ABORT;
        }
    }

    record ListExports() implements ClientOption {
        @Override
        public int code() {
            return Protocol.OPT_LIST;
        }
    }

    record StartTls() implements ClientOption {
        @Override
        public int code() {
            return Protocol.OPT_STARTTLS;
        }
    }

    /// INFO, or GO when `go`. `infos` are the kinds of information asked for.
    record Describe(boolean go, String name, List<Integer> infos) implements ClientOption {
        @Override
        public int code() {
            return go ? Protocol.OPT_GO : Protocol.OPT_INFO;
        }
    }

    record StructuredReplies() implements ClientOption {
        @Override
        public int code() {
            return Protocol.OPT_STRUCTURED_REPLY;
        }
    }

    record ExtendedHeaders() implements ClientOption {
        @Override
        public int code() {
            return Protocol.OPT_EXTENDED_HEADERS;
        }
    }

    /// SET_META_CONTEXT when `set`, else LIST_META_CONTEXT.
    record MetaContexts(boolean set, String name, List<String> queries) implements ClientOption {
        @Override
        public int code() {
            return set ? Protocol.OPT_SET_META_CONTEXT : Protocol.OPT_LIST_META_CONTEXT;
        }
    }

    /// An option that no version of Coppice knows.
    record Unknown(int code) implements ClientOption {}

    /// A known option whose data make no sense; `reply` is the error reply's type.
    record Wrong(int code, int reply, String why) implements ClientOption {}
}
