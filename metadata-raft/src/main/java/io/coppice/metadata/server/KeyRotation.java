package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataView;
import io.coppice.model.AccessKey;
import io.coppice.model.AccessKeys;
import io.coppice.port.Entropy;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes access keys, and tells the nodes of them: the first with the cluster, and the second at
/// once, for one alone signs nothing; later ones when somebody says so. A cluster of an older
/// version has none until then: its nodes and clients may not know of them yet. [#tick] runs on one
/// thread.
final class KeyRotation {
    private static final Logger log = LoggerFactory.getLogger(KeyRotation.class);

    private final Leadership leadership;
    private final Entropy entropy;
    private final AtomicBoolean making = new AtomicBoolean();

    /// Number of the newest one that the nodes were told of.
    private volatile int told;

    KeyRotation(Leadership leadership, Entropy entropy) {
        this.leadership = leadership;
        this.entropy = entropy;
    }

    /// The command that makes the next key.
    Command.RotateAccessKey next() {
        int number = leadership.read(MetadataView::accessKeys).newest() + 1;
        return new Command.RotateAccessKey(
                new AccessKey(
                        number,
                        entropy.nextLong(),
                        entropy.nextLong(),
                        entropy.nextLong(),
                        entropy.nextLong()));
    }

    /// As [#next], once the nodes were told of the newest one: what is signed with one that they do
    /// not know they refuse.
    Command.RotateAccessKey afterTold() throws ControlFailure {
        if (told < leadership.read(MetadataView::accessKeys).newest()) {
            throw ControlFailure.unavailable(
                    "the nodes are just being told of the last access key; retry");
        }
        return next();
    }

    void tick() {
        AccessKeys keys = leadership.read(MetadataView::accessKeys);
        if (keys.newest() > told) {
            told = keys.newest();
            leadership.nodes().pushAccessKeys(keys);
        }
        if (keys.newest() == 1 && making.compareAndSet(false, true)) {
            leadership
                    .submit(next())
                    .whenComplete((outcome, failed) -> {
                        making.set(false);
                        log.info("a new access key: {}", failed == null ? "made" : "not made");
                    });
        }
    }
}
