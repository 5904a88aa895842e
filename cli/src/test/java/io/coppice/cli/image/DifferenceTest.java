package io.coppice.cli.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.cli.image.Difference.Change;
import io.coppice.cli.image.Difference.Header;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DifferenceTest {
    private static final int BLOCK = ZeroRuns.BLOCK_BYTES;

    private static final Header HEADER = new Header(64 * BLOCK, "a@1", "c/1", "a@2", "c/2");

    private static byte[] sample() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DifferenceWriter writer = new DifferenceWriter(bytes, HEADER)) {
            first(writer);
            rest(writer);
        }
        return bytes.toByteArray();
    }

    private static void first(DifferenceWriter writer) throws IOException {
        writer.data(BLOCK, filled(3 * BLOCK), BLOCK, 2 * BLOCK);
        writer.zero(8 * BLOCK, 4 * BLOCK);
    }

    private static void rest(DifferenceWriter writer) throws IOException {
        writer.data(63 * BLOCK, filled(BLOCK), 0, BLOCK);
        writer.end();
    }

    private static byte[] filled(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 7);
        return bytes;
    }

    private static List<Change> readAll(byte[] stream) throws IOException {
        DifferenceReader reader = new DifferenceReader(new ByteArrayInputStream(stream));
        List<Change> changes = new ArrayList<>();
        Optional<Change> change = reader.next();
        while (change.isPresent()) {
            changes.add(change.get());
            change = reader.next();
        }
        return changes;
    }

    @Test
    void readsWhatWasWritten() throws IOException {
        byte[] stream = sample();
        assertTrue(Difference.isAtStartOf(stream));
        assertEquals(HEADER, new DifferenceReader(new ByteArrayInputStream(stream)).header());
        List<Change> changes = readAll(stream);
        assertEquals(
                List.of((long) BLOCK, 8L * BLOCK, 63L * BLOCK),
                changes.stream().map(Change::offset).toList());
        assertArrayEquals(filled(2 * BLOCK), ((Change.Data) changes.getFirst()).bytes());
        assertEquals(new Change.Zero(8 * BLOCK, 4 * BLOCK), changes.get(1));
    }

    @Property(seed = "26", tries = 200)
    void anyTornStreamIsRefused(@ForAll @IntRange(min = 0, max = 12_000) int length)
            throws IOException {
        byte[] stream = sample();
        byte[] torn = Arrays.copyOf(stream, Math.min(length, stream.length - 1));
        assertThrows(IOException.class, () -> readAll(torn));
    }

    @Property(seed = "26", tries = 500)
    void aFlippedBitIsNoticed(
            @ForAll @IntRange(min = 0, max = 7) int bit,
            @ForAll @IntRange(min = 0, max = 12_400) int at)
            throws IOException {
        byte[] stream = sample();
        stream[at % stream.length] ^= (byte) (1 << bit);
        assertThrows(IOException.class, () -> readAll(stream));
    }

    @Property(seed = "26", tries = 100)
    void aTornStreamGoesOnAfterItsLastWholeRecord(
            @ForAll @IntRange(min = 70, max = 8_400) int length) throws IOException {
        byte[] torn = Arrays.copyOf(sample(), length);
        DifferenceReader reader = new DifferenceReader(new ByteArrayInputStream(torn));
        assertThrows(
                IOException.class,
                () -> {
                    while (reader.next().isPresent()) {
                        // until it ends
                    }
                });
        var reached = reader.reached();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(torn, 0, Math.toIntExact(reached.position()));
        DifferenceWriter writer = new DifferenceWriter(bytes, reached);
        if (reached.records() == 0) {
            first(writer);
        } else if (reached.records() == 1) {
            writer.zero(8 * BLOCK, 4 * BLOCK);
        }
        rest(writer);
        assertArrayEquals(sample(), bytes.toByteArray());
    }

    /// Each is whole by itself.
    @Test
    void recordsThatAreLeftOutOrOfAnotherStreamAreNoticed() throws IOException {
        byte[] stream = sample();
        int head = Math.toIntExact(DifferenceWriter.headerBytes(HEADER));
        int data = 17 + 2 * BLOCK;
        byte[] without = new byte[stream.length - data];
        System.arraycopy(stream, 0, without, 0, head);
        System.arraycopy(stream, head + data, without, head, stream.length - head - data);
        assertThrows(IOException.class, () -> readAll(without));
    }

    @Test
    void rangesOutsideTheVolumeAreRefused() throws IOException {
        for (long[] range :
                new long[][] {
                    {64, 1}, {0, 65}, {-1, 1}, {Long.MAX_VALUE / BLOCK, 1}, {1, 0}, {1, -1}
                }) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DifferenceWriter writer = new DifferenceWriter(bytes, HEADER);
            writer.zero(range[0] * BLOCK, range[1] * BLOCK);
            writer.end();
            assertThrows(
                    IOException.class, () -> readAll(bytes.toByteArray()), Arrays.toString(range));
        }
    }

    @Property(seed = "26")
    void runsCoverEverythingAndAlternate(@ForAll byte[] seeds) {
        int length = Math.max(1, seeds.length) * BLOCK - 100;
        byte[] bytes = new byte[length];
        for (int block = 0; block < seeds.length; block++) {
            if (seeds[block] % 3 == 0 && block * BLOCK < length) {
                bytes[Math.min(length - 1, block * BLOCK + (seeds[block] & 0x7f))] = 1;
            }
        }
        List<Boolean> kinds = new ArrayList<>();
        int[] reached = {0};
        ZeroRuns.split(
                bytes,
                length,
                (start, runLength, zero) -> {
                    assertEquals(reached[0], start);
                    reached[0] += runLength;
                    kinds.add(zero);
                });
        assertEquals(length, reached[0]);
        for (int i = 1; i < kinds.size(); i++) {
            assertTrue(!kinds.get(i).equals(kinds.get(i - 1)));
        }
    }
}
