package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.coppice.net.Connection;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

final class PrimaryLinkTest {
    private final PrimaryLink link = new PrimaryLink();

    private static Connection connection() {
        return (Connection)
                Proxy.newProxyInstance(
                        PrimaryLinkTest.class.getClassLoader(),
                        new Class<?>[] {Connection.class},
                        (proxy, method, arguments) -> {
                            throw new UnsupportedOperationException(method.getName());
                        });
    }

    /// A backup that was full told a closed connection that it has room again, and its primary
    /// refused writes for ever (seed 4507 of 2026-11-28).
    @Test
    void whatAnOldConnectionStillBringsDrawsNoAcknowledgements() {
        assertNull(link.connection());
        var old = connection();
        var fresh = connection();
        link.heard(old, 1, 7);
        assertSame(old, link.connection());
        link.heard(fresh, 2, 7);
        link.heard(old, 1, 7);
        assertSame(fresh, link.connection());
    }

    @Test
    void theNewestEpochCountsMoreThanTheNewestConnection() {
        var deposed = connection();
        var primary = connection();
        link.heard(deposed, 5, 7);
        link.heard(primary, 3, 8);
        assertSame(primary, link.connection());
        link.heard(deposed, 6, 7);
        assertSame(primary, link.connection());
    }
}
