package io.coppice.node.repair;

import io.coppice.node.store.Scrub;
import io.coppice.wire.Checksums;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// How far the scrub of a store is, as it survives a restart. Pure.
///
/// @param place where the pass under way goes on
/// @param startedMillis wall-clock time when the last pass began, 0: none has
/// @param finishedMillis when the last full pass ended, 0: none has
/// @param passes full passes
/// @param unrepaired damaged blocks of the pass under way, or the last one, that nobody could mend
record ScrubProgress(
        Scrub.Place place, long startedMillis, long finishedMillis, long passes, long unrepaired) {
    static final ScrubProgress NONE = new ScrubProgress(Scrub.Place.NONE, 0, 0, 0, 0);

    /// What could not be mended is tried again this much sooner.
    private static final int SOONER = 24;

    private static final String FIRST_LINE = "coppice scrub";

    boolean isDue(long nowMillis, long intervalMillis) {
        long wait = unrepaired > 0 ? intervalMillis / SOONER : intervalMillis;
        // a clock that was set back must not hold the scrub up for ever
        return startedMillis == 0
                || nowMillis - startedMillis >= wait
                || startedMillis > nowMillis + intervalMillis;
    }

    ScrubProgress started(Scrub.Place from, long nowMillis) {
        return new ScrubProgress(from, nowMillis, finishedMillis, passes, 0);
    }

    ScrubProgress at(Scrub.Place now) {
        return new ScrubProgress(now, startedMillis, finishedMillis, passes, unrepaired);
    }

    ScrubProgress finished(long nowMillis) {
        return new ScrubProgress(
                Scrub.Place.NONE, startedMillis, nowMillis, passes + 1, unrepaired);
    }

    ScrubProgress leftOne() {
        return new ScrubProgress(place, startedMillis, finishedMillis, passes, unrepaired + 1);
    }

    String encode(UUID store) {
        String body =
                FIRST_LINE
                        + "\nstore="
                        + store
                        + "\nsegment="
                        + place.segment()
                        + "\noffset="
                        + place.offset()
                        + "\nlast-segment="
                        + place.lastSegment()
                        + "\nstarted-millis="
                        + startedMillis
                        + "\nfinished-millis="
                        + finishedMillis
                        + "\npasses="
                        + passes
                        + "\nunrepaired="
                        + unrepaired
                        + "\n";
        return body + "crc=" + crcOf(body) + "\n";
    }

    /// Null: it is damaged or another store's; the scrub begins again then, nothing else is lost.
    static @Nullable ScrubProgress decode(String text, UUID store) {
        int crcLine = text.lastIndexOf("crc=");
        if (crcLine < 0
                || !text.substring(crcLine + 4).strip().equals(crcOf(text.substring(0, crcLine)))
                || !text.startsWith(FIRST_LINE + "\nstore=" + store + "\n")) {
            return null;
        }
        Map<String, Long> numbers = new HashMap<>();
        for (String line : text.split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals > 0 && !line.startsWith("store=") && !line.startsWith("crc=")) {
                numbers.put(line.substring(0, equals), Long.parseLong(line.substring(equals + 1)));
            }
        }
        return new ScrubProgress(
                new Scrub.Place(
                        numbers.getOrDefault("segment", 0L),
                        Math.toIntExact(numbers.getOrDefault("offset", 0L)),
                        numbers.getOrDefault("last-segment", 0L)),
                numbers.getOrDefault("started-millis", 0L),
                numbers.getOrDefault("finished-millis", 0L),
                numbers.getOrDefault("passes", 0L),
                numbers.getOrDefault("unrepaired", 0L));
    }

    private static String crcOf(String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return Integer.toHexString(Checksums.crc32c(bytes, 0, bytes.length));
    }
}
