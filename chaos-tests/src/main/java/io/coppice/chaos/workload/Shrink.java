package io.coppice.chaos.workload;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Makes a list that shows something smaller, for people to read: leaves out ever smaller parts as
/// long as the rest still shows it (Zeller and Hildebrandt, 2002).
final class Shrink {
    private static final int TRIES_MAX = 4_000;

    private Shrink() {}

    static <T> List<T> smallest(List<T> all, Predicate<List<T>> shows) {
        List<T> left = all;
        int tries = 0;
        int part = Math.max(1, left.size() / 2);
        while (tries < TRIES_MAX) {
            boolean smaller = false;
            for (int at = 0; at < left.size() && tries < TRIES_MAX; ) {
                var fewer = new ArrayList<>(left);
                fewer.subList(at, Math.min(left.size(), at + part)).clear();
                tries++;
                if (!fewer.isEmpty() && shows.test(fewer)) {
                    left = fewer;
                    smaller = true;
                } else {
                    at += part;
                }
            }
            if (!smaller && part == 1) {
                break;
            }
            part = Math.max(1, part / 2);
        }
        return left;
    }
}
