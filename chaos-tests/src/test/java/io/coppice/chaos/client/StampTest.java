package io.coppice.chaos.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class StampTest {
    @Test
    void aBlockHasItsValueAtItsPlaceOnly() {
        assertEquals(77, Stamp.value(Stamp.of(77, 5), 5));
        assertEquals(0, Stamp.value(Stamp.of(0, 5), 5));
        assertEquals(Stamp.TORN, Stamp.value(Stamp.of(77, 5), 6));
    }

    @Test
    void halfOfAnotherBlockIsTold() {
        ByteBuffer block = Stamp.of(77, 5);
        block.put(2048, Stamp.of(78, 5), 2048, 2048);
        assertEquals(Stamp.TORN, Stamp.value(block, 5));
        block = Stamp.of(0, 5);
        block.put(4095, (byte) 1);
        assertEquals(Stamp.TORN, Stamp.value(block, 5));
    }
}
