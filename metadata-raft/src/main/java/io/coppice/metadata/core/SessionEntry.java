package io.coppice.metadata.core;

import java.util.Arrays;

/// A session with what it holds: first ids of its leases and ids of its volumes, both ascending.
///
/// @param principal id of who opened it; 0: nobody who was authenticated
record SessionEntry(
        long id, String client, long openedMillis, long[] leases, long[] volumes, long principal) {

    SessionEntry withLeases(long[] firsts) {
        long[] all = Arrays.copyOf(leases, leases.length + firsts.length);
        System.arraycopy(firsts, 0, all, leases.length, firsts.length);
        Arrays.sort(all);
        return new SessionEntry(id, client, openedMillis, all, volumes, principal);
    }

    SessionEntry withoutLease(long first) {
        return new SessionEntry(
                id, client, openedMillis, without(leases, first), volumes, principal);
    }

    SessionEntry withVolume(long volume) {
        return new SessionEntry(id, client, openedMillis, leases, with(volumes, volume), principal);
    }

    SessionEntry withoutVolume(long volume) {
        return new SessionEntry(
                id, client, openedMillis, leases, without(volumes, volume), principal);
    }

    private static long[] with(long[] values, long value) {
        int at = Arrays.binarySearch(values, value);
        if (at >= 0) {
            return values;
        }
        int insert = -at - 1;
        long[] more = new long[values.length + 1];
        System.arraycopy(values, 0, more, 0, insert);
        more[insert] = value;
        System.arraycopy(values, insert, more, insert + 1, values.length - insert);
        return more;
    }

    private static long[] without(long[] values, long value) {
        int at = Arrays.binarySearch(values, value);
        if (at < 0) {
            return values;
        }
        long[] fewer = new long[values.length - 1];
        System.arraycopy(values, 0, fewer, 0, at);
        System.arraycopy(values, at + 1, fewer, at, fewer.length - at);
        return fewer;
    }
}
