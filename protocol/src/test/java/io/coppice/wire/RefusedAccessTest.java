package io.coppice.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.wire.pb.AccessRefused;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RefusedAccessTest {
    private final RefusedAccess refused = new RefusedAccess();

    private void add(String holder, String from, String why) {
        refused.add(
                AccessRefused.newBuilder()
                        .setHolder(holder)
                        .setFrom(from)
                        .setWhat("READ")
                        .setWhy(why)
                        .build());
    }

    private List<String> take() {
        return refused.take().stream()
                .map(it ->
                        "%s %s %d %s"
                                .formatted(
                                        it.getHolder(), it.getWhy(), it.getCount(), it.getFrom()))
                .toList();
    }

    @Test
    void ofOneKindIsToldOnceWithItsCountAndWhereItCameFromLast() {
        add("eve", "a", "no capability");
        add("eve", "b", "tag is not right");
        add("eve", "c", "no capability");
        assertEquals(List.of("eve no capability 2 c", "eve tag is not right 1 b"), take());
        assertEquals(List.of(), take());
    }

    @Test
    void whoTriesMuchIsBoundedAndHidesNobody() {
        for (int i = 0; i < 1_000; i++) {
            add("mallory", "a", "kind " + i);
        }
        add("eve", "b", "no capability");
        List<String> told = take();
        assertEquals(RefusedAccess.KINDS_MAX + 1, told.size());
        assertEquals("mallory kind 15 985 a", told.get(RefusedAccess.KINDS_MAX - 1));
        assertEquals("eve no capability 1 b", told.getLast());
    }

    @Test
    void afterManyHoldersAreOthers() {
        for (int i = 0; i < 1_000; i++) {
            add("p" + i, "a", "no capability");
        }
        List<String> told = take();
        assertEquals(RefusedAccess.HOLDERS_MAX + 1, told.size());
        assertEquals("p63 no capability 1 a", told.get(RefusedAccess.HOLDERS_MAX - 1));
        assertEquals("others no capability 936 a", told.getLast());
    }
}
