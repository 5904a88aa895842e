package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.coppice.client.DeviceException;
import io.coppice.nbd.ExportException.Kind;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class ClientExportsTest {
    /// Without a cluster: whoever asks it fails in another way.
    private static ClientExports exports(String... allowed) {
        return new ClientExports(
                List.of(), List.of(allowed), Executors.newVirtualThreadPerTaskExecutor());
    }

    private static void assertUnknown(CompletableFuture<?> answer) {
        var failed = assertThrows(ExecutionException.class, answer::get);
        var refused = assertInstanceOf(ExportException.class, failed.getCause());
        assertEquals(Kind.UNKNOWN, refused.kind());
    }

    @Test
    void aSnapshotWithoutANameIsNotTheVolume() {
        assertUnknown(exports().open("disk@", ClientIdentity.UNKNOWN));
        assertUnknown(exports().describe("disk@", ClientIdentity.UNKNOWN));
        assertUnknown(exports("disk").open("disk@", ClientIdentity.UNKNOWN));
    }

    @Test
    void aVolumeThatAnotherClientHasIsRefusedByPolicyAndNotUnknown() {
        assertEquals(Kind.NOT_ALLOWED, ClientExports.kind(DeviceException.Reason.IN_USE));
        assertEquals(Kind.UNKNOWN, ClientExports.kind(DeviceException.Reason.NOT_FOUND));
        assertEquals(Kind.FAILED, ClientExports.kind(DeviceException.Reason.TIMED_OUT));
    }
}
