package io.coppice.metadata.raft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.apache.ratis.rpc.RpcType;
import org.junit.jupiter.api.Test;

class ResendingRpcTest {
    private static final long HEARTBEAT = -1;

    @Test
    void theFollowerIsBelieved() {
        assertEquals(0, ResendingRpc.step(HEARTBEAT, 0));
        assertEquals(0, ResendingRpc.step(17, 0));
        assertEquals(5, ResendingRpc.step(17, 5));
        assertEquals(30, ResendingRpc.step(17, 30));
    }

    @Test
    void theSameRequestIsNotSentAgain() {
        assertEquals(16, ResendingRpc.step(17, 17));
        assertEquals(0, ResendingRpc.step(0, 0));
    }

    /// By its class name in the settings.
    @Test
    void ratisFindsIt() {
        assertInstanceOf(ResendingRpc.class, RpcType.valueOf(new ResendingRpc().name()));
    }
}
