package io.coppice.check;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/// What the judge must let pass, and what not.
class RegisterTest {
    private final Register register = new Register("block", false);

    private Register.Write wrote(long value, long start, long end) {
        Register.Write write = register.write(value, start);
        write.end = end;
        return write;
    }

    @Test
    void readsOfTheLatestAreFine() {
        wrote(1, 10, 20);
        register.read(1, 30, 40);
        wrote(2, 50, 60);
        register.read(2, 55, 56); // while it was under way
        register.read(2, 70, 80);
        register.judge();
    }

    @Test
    void aStaleReadIsNoted() {
        wrote(1, 10, 20);
        wrote(2, 30, 40);
        register.read(1, 50, 60);
        assertThrows(Violation.class, register::judge);
    }

    @Test
    void aValueThatComesBackIsNoted() {
        wrote(1, 10, 20);
        register.write(2, 15); // nobody knows
        register.read(2, 30, 40);
        register.read(1, 50, 60);
        register.read(2, 70, 80);
        assertThrows(Violation.class, register::judge);
    }

    @Test
    void anUnknownWriteMayHappenLateButNotAfterItsFence() {
        wrote(1, 10, 20);
        register.write(2, 15);
        register.read(1, 30, 40);
        register.read(2, 50, 60);
        register.judge();

        var other = new Register("other", false);
        other.write(1, 10).end = 20;
        other.write(2, 15);
        other.fencedAt(25);
        other.read(1, 30, 40);
        other.read(2, 50, 60);
        assertThrows(Violation.class, other::judge);
    }

    @Test
    void zerosWithoutATrimAreNoted() {
        wrote(1, 10, 20);
        register.read(0, 30, 40);
        assertThrows(Violation.class, register::judge);
    }

    @Test
    void zerosAfterATrimAreFine() {
        wrote(1, 10, 20);
        wrote(0, 25, 28);
        register.read(0, 30, 40);
        register.judge();
    }

    @Test
    void aBlackoutMayTakeWhatWasNotFlushedOnly() {
        wrote(1, 10, 20).flushed = 25;
        wrote(2, 30, 40);
        register.blackout(50);
        register.read(1, 60, 70);
        register.judge();

        var other = new Register("other", false);
        other.write(1, 10).end = 20;
        Register.Write flushed = other.write(2, 30);
        flushed.end = 40;
        flushed.flushed = 45;
        other.blackout(50);
        other.read(1, 60, 70);
        assertThrows(Violation.class, other::judge);
    }

    /// What the client was told is what counts, whenever it was told.
    @Test
    void aFlushAfterABlackoutMeansThatNothingWasLost() {
        wrote(1, 10, 20).flushed = 25;
        Register.Write second = wrote(2, 30, 40);
        register.blackout(50);
        register.read(1, 60, 70);
        Register.flushed(second, 80);
        assertThrows(Violation.class, register::judge);

        var other = new Register("other", false);
        Register.Write kept = other.write(2, 30);
        kept.end = 40;
        other.blackout(50);
        Register.flushed(kept, 80);
        other.read(2, 90, 95);
        other.judge();
    }

    @Test
    void aFlushCoversAWriteThatWasAcknowledgedAcrossABlackout() {
        wrote(1, 10, 20).flushed = 25;
        Register.Write second = register.write(2, 30);
        register.blackout(50);
        register.read(1, 55, 58);
        Register.acknowledged(second, 60, false, 50);
        register.read(1, 70, 75);
        register.judge();
        Register.flushed(second, 80);
        assertThrows(Violation.class, register::judge);
    }

    /// Its other part hung; at this block it was done before the next one.
    @Test
    void aWriteThatWasUnderWayForLongNeedNotBeTheLast() {
        Register.Write slow = register.write(1, 10);
        wrote(2, 20, 25).flushed = 25;
        register.blackout(50);
        Register.acknowledged(slow, 60, true, 50);
        register.read(2, 65, 70);
        register.blackout(80);
        register.read(2, 90, 95);
        register.judge();

        var other = new Register("other", false);
        Register.Write late = other.write(1, 10);
        other.write(2, 20).end = 25;
        other.blackout(50);
        Register.acknowledged(late, 60, false, 50);
        Register.flushed(late, 65);
        other.read(2, 70, 75);
        other.judge();
    }

    @Test
    void whatABlackoutLeftMayNotChangeByItself() {
        wrote(1, 10, 20);
        wrote(2, 30, 40);
        register.blackout(50);
        register.read(2, 60, 70);
        register.read(1, 80, 90);
        assertThrows(Violation.class, register::judge);
    }
}
