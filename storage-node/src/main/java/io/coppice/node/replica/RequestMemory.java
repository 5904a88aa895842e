package io.coppice.node.replica;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/// Which requests of which clients have been put in the group's order (R13). Every replica keeps
/// one, fed by the operations themselves, so that a backup that becomes primary remembers too.
///
/// A request takes the slot (sequence modulo the window) of its session, where it displaces only
/// older ones: so what is not remembered is either new, or so old that it cannot be told from a
/// retry.
final class RequestMemory {
    /// What the memory knows of a request.
    enum Answer {
        NEW,
        SEEN,
        TOO_OLD
    }

    private static final int WINDOW_MIN = 64;
    private final int windowMax;
    private final int sessionsMax;
    private final Map<Long, Session> sessions = new LinkedHashMap<>(16, 0.75f, true);

    RequestMemory(int sessionsMax, int windowMax) {
        this.sessionsMax = sessionsMax;
        this.windowMax = windowMax;
    }

    Answer look(long session, long sequence) {
        if (session == 0) {
            return Answer.NEW;
        }
        Session known = sessions.get(session);
        return known == null ? Answer.NEW : known.look(sequence);
    }

    void note(long session, long sequence) {
        if (session == 0) {
            return;
        }
        Session known = sessions.get(session);
        if (known == null) {
            forgetOldest();
            known = new Session();
            sessions.put(session, known);
        }
        known.note(sequence);
    }

    private void forgetOldest() {
        if (sessions.size() >= sessionsMax) {
            Iterator<Long> oldest = sessions.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    /// A slot holds sequence + 1, so that 0 means empty.
    private final class Session {
        private long[] slots = new long[Math.min(WINDOW_MIN, windowMax)];

        Answer look(long sequence) {
            long held = slots[(int) (sequence & (slots.length - 1))] - 1;
            if (held == sequence) {
                return Answer.SEEN;
            }
            boolean nothingDisplaced = slots.length < windowMax; // it grows first
            return held < sequence || nothingDisplaced ? Answer.NEW : Answer.TOO_OLD;
        }

        void note(long sequence) {
            int slot = (int) (sequence & (slots.length - 1));
            while (slots[slot] != 0 && slots[slot] != sequence + 1 && slots.length < windowMax) {
                grow();
                slot = (int) (sequence & (slots.length - 1));
            }
            slots[slot] = Math.max(slots[slot], sequence + 1);
        }

        private void grow() {
            long[] old = slots;
            slots = new long[old.length * 2];
            for (long held : old) {
                if (held != 0) {
                    int slot = (int) ((held - 1) & (slots.length - 1));
                    slots[slot] = Math.max(slots[slot], held);
                }
            }
        }
    }
}
