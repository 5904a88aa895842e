package io.coppice.node.lane;

import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import java.util.concurrent.atomic.AtomicLong;

/// What a node keeps of one connection that it accepted: which one it is, and the bytes of answers
/// that it has asked for and not got yet (R12). Forty bytes of request bring four MiB of answer, so
/// a single read of the socket could ask for more than the machine has. Above one bound the socket
/// is not read; what was read already is refused as OVERLOADED above another. Thread-safe: requests
/// come on the connection's loop, answers on the lanes'.
public final class Accepted {
    /// As much as a client with the largest settings has under way.
    static final long PAUSE_BYTES = 64L << 20;

    static final long REFUSE_BYTES = 256L << 20;

    /// What becomes of a request.
    public enum Verdict {
        ACCEPTED,
        /// Accepted; the socket is not to be read until [#paid] says so.
        PAUSE,
        REFUSED
    }

    private static final AtomicLong LAST = new AtomicLong();

    private final long number = LAST.incrementAndGet();
    private final AtomicLong bytes = new AtomicLong();

    /// Larger than those of all that this process accepted before.
    long number() {
        return number;
    }

    /// What a request asks for at most; 0: an answer that is small.
    static long of(DataKind kind, int blockCount) {
        return switch (kind) {
            case READ, READ_REPLICA ->
                    (long) Math.min(Math.max(0, blockCount), CatchUp.FRAME_BLOCKS_MAX) << 12;
            case FETCH_CHUNK -> (long) CatchUp.FRAME_BLOCKS_MAX << 12;
            default -> 0;
        };
    }

    /// A request came.
    ///
    /// @param unsent bytes of earlier answers that the socket has not taken
    public Verdict owe(DataHeader request, long unsent) {
        return owe(of(request.getKind(), request.getBlockCount()), unsent);
    }

    Verdict owe(long more, long unsent) {
        long before = bytes.get();
        if (more > 0 && before + unsent + more > REFUSE_BYTES && before + unsent > 0) {
            return Verdict.REFUSED;
        }
        return bytes.addAndGet(more) > PAUSE_BYTES ? Verdict.PAUSE : Verdict.ACCEPTED;
    }

    /// A request is answered. True: the socket may be read again.
    boolean paid(long less) {
        long left = bytes.addAndGet(-less);
        return left <= PAUSE_BYTES && left + less > PAUSE_BYTES;
    }

    /// Whether the socket may be read.
    public boolean mayRead() {
        return bytes.get() <= PAUSE_BYTES;
    }
}
