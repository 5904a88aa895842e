package io.coppice.nbd;

import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.wire.RefusedAccess;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ReportRefused;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whom the gateway turned away, on the way to the audit log. Thread-safe.
final class RefusedClients {
    private static final Logger log = LoggerFactory.getLogger(RefusedClients.class);

    /// Some TLS failures repeat what the client sent.
    private static final int WHY_CHARS_MAX = 256;

    private final RefusedAccess refused = new RefusedAccess();
    private final ReentrantLock telling = new ReentrantLock();

    /// What the quorum has yet to take. Under the lock.
    private List<AccessRefused> untold = List.of();

    /// @param from address of the client
    void add(String from, String why) {
        refused.add(
                AccessRefused.newBuilder()
                        .setFrom(from)
                        .setWhat("CONNECT")
                        .setWhy(
                                why.length() <= WHY_CHARS_MAX
                                        ? why
                                        : why.substring(0, WHY_CHARS_MAX))
                        .build());
    }

    /// Tells the quorum, and waits for it, unless somebody does already. What it does not take is
    /// told the next time, perhaps twice.
    void tell(ControlPlane control) {
        if (!telling.tryLock()) {
            return;
        }
        try {
            if (untold.isEmpty()) {
                untold = refused.take();
            }
            if (untold.isEmpty()) {
                return;
            }
            control.execute(
                    ExecuteRequest.newBuilder()
                            .setReportRefused(ReportRefused.newBuilder().addAllRefused(untold)));
            untold = List.of();
        } catch (ControlException later) {
            log.debug("the audit log was not told of refused clients: {}", later.getMessage());
        } finally {
            telling.unlock();
        }
    }
}
