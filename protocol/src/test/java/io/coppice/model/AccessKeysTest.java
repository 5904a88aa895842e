package io.coppice.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Capability.Right;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What is signed with access keys, and what is believed of it.
final class AccessKeysTest {
    private static final long NOW = 1_700_000_000_000L;

    private static AccessKey key(int number) {
        return new AccessKey(number, number, 22, 33, 44);
    }

    private static AccessKeys keys(int newest) {
        AccessKeys keys = AccessKeys.NONE;
        for (int number = 1; number <= newest; number++) {
            keys = keys.with(key(number));
        }
        return keys;
    }

    private static Capability capability(long untilMillis) {
        return new Capability(Right.WRITE, 7, 3, 99, "alice", untilMillis);
    }

    @Test
    void sipHashIsWhatItsAuthorsPublished() {
        // vectors_sip64[24]: key 00 01 ... 0f, message 00 01 ... 17
        long k0 = 0x0706050403020100L;
        long k1 = 0x0f0e0d0c0b0a0908L;
        long m2 = 0x1716151413121110L;
        assertEquals(0xb8ad50c6f649af94L, ChunkTags.sip(k0, k1, k0, k1, m2));
    }

    @Test
    void noTagIsGoodForAnythingElse() {
        var tags = keys(2).tags();
        Set<Long> seen = new HashSet<>();
        int made = 0;
        for (long chunk = 1; chunk <= 20; chunk++) {
            for (long owner = 1; owner <= 20; owner++) {
                seen.add(tags.read(owner, chunk));
                seen.add(tags.fresh(owner, chunk));
                made += 2;
                for (long generation = 1; generation <= 5; generation++) {
                    seen.add(tags.write(owner, generation, chunk));
                    made++;
                }
            }
        }
        assertEquals(made, seen.size());
    }

    @Test
    void oneKeyAloneSignsNothing() {
        assertFalse(AccessKeys.NONE.isOn());
        assertFalse(keys(1).isOn());
        assertTrue(keys(2).isOn());
    }

    @Test
    void aChangeOfKeysLeavesWhatWasGivenOutUntilTheNextOne() {
        AccessKeys before = keys(4);
        long tag = before.tags().read(7, 8);
        byte[] signed = before.sign(capability(NOW));
        AccessKeys next = before.with(key(5));
        assertNotEquals(tag, next.tags().read(7, 8), "another key signs");
        assertTrue(next.isRead(7, 8, tag));
        assertEquals("", next.open(signed, NOW).problem());
        assertTrue(before.isRead(7, 8, next.tags().read(7, 8)), "known before it signs");
        assertEquals("", before.open(next.sign(capability(NOW)), NOW).problem());

        AccessKeys last = next.with(key(6));
        assertFalse(last.isRead(7, 8, tag));
        assertNull(last.open(signed, NOW).capability());
        assertFalse(last.has(3));
        assertTrue(last.has(4));
        assertFalse(last.has(7));
    }

    @Test
    void aCapabilitySaysWhatWasSigned() {
        AccessKeys keys = keys(3);
        for (Right right : Right.values()) {
            for (String holder : List.of("", "alice", "Käthe", "x".repeat(200))) {
                var signed = new Capability(right, -1, 1L << 60, -2, holder, NOW);
                AccessKeys.Verdict verdict = keys.open(keys.sign(signed), NOW);
                assertEquals(signed, verdict.capability());
                assertEquals(2, verdict.key());
            }
        }
    }

    @Test
    void noBitOfACapabilityCanBeChanged() {
        AccessKeys keys = keys(3);
        byte[] signed = keys.sign(capability(NOW));
        for (int bit = 0; bit < signed.length * 8; bit++) {
            byte[] forged = signed.clone();
            forged[bit >> 3] ^= (byte) (1 << (bit & 7));
            assertNull(keys.open(forged, NOW).capability(), "bit " + bit);
        }
    }

    @Test
    void whatIsNoCapabilityIsRefusedWithOneLine() {
        var random = new Random(1);
        AccessKeys keys = keys(3);
        byte[] signed = keys.sign(capability(NOW));
        var wrong = new ArrayList<byte[]>();
        wrong.add(new byte[0]);
        wrong.add(new byte[100_000]);
        for (int length = 0; length < signed.length; length++) {
            wrong.add(java.util.Arrays.copyOf(signed, length));
            byte[] noise = new byte[length];
            random.nextBytes(noise);
            wrong.add(noise);
        }
        wrong.add(java.util.Arrays.copyOf(signed, signed.length + 1));
        wrong.add(keys(9).sign(capability(NOW)));
        for (byte[] each : wrong) {
            AccessKeys.Verdict verdict = keys.open(each, NOW);
            assertNull(verdict.capability());
            assertFalse(verdict.problem().isEmpty() || verdict.problem().contains("\n"));
        }
    }

    @Test
    void aCapabilityEndsAndClocksMayDifferALittle() {
        AccessKeys keys = keys(2);
        byte[] signed = keys.sign(capability(NOW));
        assertEquals("", keys.open(signed, NOW + Capability.CLOCK_MILLIS).problem());
        assertEquals(
                "the capability ended 301 s ago by this node's clock",
                keys.open(signed, NOW + Capability.CLOCK_MILLIS + 1_000).problem());
        assertEquals("", keys.open(signed, 0).problem(), "a clock that is far behind");
    }

    @Test
    void aKeyDoesNotShowItself() {
        assertEquals("access key 5", key(5).toString());
    }
}
