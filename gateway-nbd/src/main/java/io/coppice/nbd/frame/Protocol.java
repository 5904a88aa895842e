package io.coppice.nbd.frame;

/// The numbers of the NBD protocol, and the bounds that Coppice puts on what a client may say.
public final class Protocol {
    private Protocol() {}

    // Handshake.
    public static final long SERVER_MAGIC = 0x4e42444d41474943L; // "NBDMAGIC"
    public static final long OPTION_MAGIC = 0x49484156454F5054L; // "IHAVEOPT"
    public static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    public static final int FLAG_FIXED_NEWSTYLE = 1;
    public static final int FLAG_NO_ZEROES = 1 << 1;

    /// Server greeting: two magics and the handshake flags.
    public static final int GREETING_BYTES = 18;

    /// Magic, option, length.
    public static final int OPTION_HEADER_BYTES = 16;

    /// Zeros that end an answer to EXPORT_NAME for clients that want them.
    public static final int EXPORT_NAME_PADDING_BYTES = 124;

    public static final int OPT_EXPORT_NAME = 1;
    public static final int OPT_ABORT = 2;
    public static final int OPT_LIST = 3;
    public static final int OPT_STARTTLS = 5;
    public static final int OPT_INFO = 6;
    public static final int OPT_GO = 7;
    public static final int OPT_STRUCTURED_REPLY = 8;
    public static final int OPT_LIST_META_CONTEXT = 9;
    public static final int OPT_SET_META_CONTEXT = 10;
    public static final int OPT_EXTENDED_HEADERS = 11;

    public static final int REP_ACK = 1;
    public static final int REP_SERVER = 2;
    public static final int REP_INFO = 3;
    public static final int REP_META_CONTEXT = 4;
    public static final int REP_ERR_UNSUP = 0x80000001;
    public static final int REP_ERR_POLICY = 0x80000002;
    public static final int REP_ERR_INVALID = 0x80000003;
    public static final int REP_ERR_TLS_REQD = 0x80000005;
    public static final int REP_ERR_UNKNOWN = 0x80000006;
    public static final int REP_ERR_SHUTDOWN = 0x80000007;
    public static final int REP_ERR_TOO_BIG = 0x80000009;
    public static final int REP_ERR_EXT_HEADER_REQD = 0x8000000A;

    public static final int INFO_EXPORT = 0;
    public static final int INFO_NAME = 1;
    public static final int INFO_DESCRIPTION = 2;
    public static final int INFO_BLOCK_SIZE = 3;

    // Transmission.
    public static final int REQUEST_MAGIC = 0x25609513;
    public static final int EXTENDED_REQUEST_MAGIC = 0x21e41c71;
    public static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    public static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    public static final int EXTENDED_REPLY_MAGIC = 0x6e8a278c;
    public static final int REQUEST_BYTES = 28;
    public static final int EXTENDED_REQUEST_BYTES = 32;
    public static final int SIMPLE_REPLY_BYTES = 16;
    public static final int STRUCTURED_REPLY_BYTES = 20;
    public static final int EXTENDED_REPLY_BYTES = 32;

    public static final int CMD_READ = 0;
    public static final int CMD_WRITE = 1;
    public static final int CMD_DISC = 2;
    public static final int CMD_FLUSH = 3;
    public static final int CMD_TRIM = 4;
    public static final int CMD_CACHE = 5;
    public static final int CMD_WRITE_ZEROES = 6;
    public static final int CMD_BLOCK_STATUS = 7;

    public static final int CMD_FLAG_FUA = 1;
    public static final int CMD_FLAG_NO_HOLE = 1 << 1;
    public static final int CMD_FLAG_DF = 1 << 2;
    public static final int CMD_FLAG_REQ_ONE = 1 << 3;
    public static final int CMD_FLAG_FAST_ZERO = 1 << 4;
    public static final int CMD_FLAG_PAYLOAD_LEN = 1 << 5;

    public static final int EXPORT_HAS_FLAGS = 1;
    public static final int EXPORT_READ_ONLY = 1 << 1;
    public static final int EXPORT_SEND_FLUSH = 1 << 2;
    public static final int EXPORT_SEND_FUA = 1 << 3;
    public static final int EXPORT_SEND_TRIM = 1 << 5;
    public static final int EXPORT_SEND_WRITE_ZEROES = 1 << 6;
    public static final int EXPORT_SEND_DF = 1 << 7;
    public static final int EXPORT_CAN_MULTI_CONN = 1 << 8;
    public static final int EXPORT_SEND_CACHE = 1 << 10;
    public static final int EXPORT_SEND_FAST_ZERO = 1 << 11;
    public static final int EXPORT_BLOCK_STATUS_PAYLOAD = 1 << 12;

    public static final int REPLY_FLAG_DONE = 1;
    public static final int REPLY_NONE = 0;
    public static final int REPLY_OFFSET_DATA = 1;
    public static final int REPLY_OFFSET_HOLE = 2;
    public static final int REPLY_BLOCK_STATUS = 5;
    public static final int REPLY_BLOCK_STATUS_EXT = 6;
    public static final int REPLY_ERROR = 0x8001;

    public static final int STATE_HOLE = 1;
    public static final int STATE_ZERO = 2;
    public static final int STATE_SHARED = 1;

    // Block sizes that Coppice advertises.
    public static final int BLOCK_BYTES_MIN = 1;
    public static final int BLOCK_BYTES_PREFERRED = 4096;
    public static final int PAYLOAD_BYTES_MAX = 32 << 20;

    // Bounds on what a client may say.
    /// The protocol's own bound of names and messages.
    public static final int STRING_BYTES_MAX = 4096;

    /// Longest option data; a client that announces more is dropped. Sixteen strings of the
    /// greatest length fit, more than any client sends.
    public static final int OPTION_BYTES_MAX = 64 << 10;

    /// Metadata queries of one option.
    public static final int META_QUERIES_MAX = 64;

    /// A payload up to this length that is too long or wrong is read and thrown away, so that the
    /// client gets its error; a longer one ends the connection.
    public static final long PAYLOAD_BYTES_DRAINED_MAX = 2L * PAYLOAD_BYTES_MAX;

    /// Descriptors of one status chunk. The protocol asks for at most 2^20; fewer keep an answer
    /// under 1 MiB, and clients ask again for the rest.
    public static final int STATUS_DESCRIPTORS_MAX = 32 << 10;
}
