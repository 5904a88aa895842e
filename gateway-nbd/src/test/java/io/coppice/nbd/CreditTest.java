package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CreditTest {
    private int grants;

    private Credit credit(ByteBudget budget) {
        return new Credit(budget, 10, 60, () -> grants++);
    }

    @Test
    void theAllowanceIsThereWhateverTheOthersHold() {
        var budget = new ByteBudget(100);
        var hog = credit(budget);
        assertTrue(hog.acquire(60));
        var hog2 = credit(budget);
        assertTrue(hog2.acquire(60));
        assertEquals(0, budget.free());
        var small = credit(budget);
        assertTrue(small.acquire(10));
        assertFalse(small.acquire(1));
        assertTrue(small.waiting());
        small.release(10); // its own release is enough to go on
        assertFalse(small.waiting());
        assertTrue(small.acquire(1));
    }

    @Test
    void firstComeFirstServed() {
        var budget = new ByteBudget(50);
        var holder = credit(budget);
        assertTrue(holder.acquire(60));
        var large = credit(budget);
        assertFalse(large.acquire(50));
        var late = credit(budget);
        assertFalse(late.acquire(12));
        holder.release(20);
        assertEquals(0, grants, "the large one is first, and 40 are not there yet");
        holder.release(40);
        assertEquals(2, grants);
        large.settle();
        late.settle();
        assertTrue(large.acquire(50));
        assertTrue(late.acquire(12));
        large.release(50);
        late.release(12);
        assertEquals(50, budget.free());
    }

    @Test
    void whoLeavesTheQueueMakesRoom() {
        var budget = new ByteBudget(50);
        var holder = credit(budget);
        assertTrue(holder.acquire(30));
        var large = credit(budget);
        assertFalse(large.acquire(60));
        var late = credit(budget);
        assertFalse(late.acquire(20));
        large.close();
        assertEquals(1, grants);
        late.settle();
        late.close(); // gone before it used the grant
        holder.release(30);
        assertEquals(50, budget.free());
    }

    @Test
    void oneConnectionHasABoundOfItsOwn() {
        var budget = new ByteBudget(1000);
        var credit = credit(budget);
        assertTrue(credit.acquire(60));
        assertFalse(credit.acquire(1));
        assertFalse(credit.waiting());
        credit.release(1);
        assertTrue(credit.acquire(1));
    }

    @Test
    void nothingIsLostInRandomOrder() {
        var random = new Random(3);
        var budget = new ByteBudget(100);
        record User(Credit credit, List<Long> held, boolean[] granted, long[] wanted) {}
        List<User> users = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            var granted = new boolean[1];
            users.add(
                    new User(
                            new Credit(budget, 10, 60, () -> granted[0] = true),
                            new ArrayList<>(),
                            granted,
                            new long[1]));
        }
        for (int step = 0; step < 20_000; step++) {
            var user = users.get(random.nextInt(users.size()));
            if (user.granted[0]) {
                user.granted[0] = false;
                user.credit.settle();
                assertTrue(user.credit.acquire(user.wanted[0]), "granted, so it is there");
                user.held.add(user.wanted[0]);
            } else if (!user.held.isEmpty() && random.nextInt(3) > 0) {
                user.credit.release(user.held.removeFirst());
            } else if (!user.credit.waiting()) {
                user.wanted[0] = 1 + random.nextInt(60);
                if (user.credit.acquire(user.wanted[0])) {
                    user.held.add(user.wanted[0]);
                }
            }
        }
        users.forEach(user -> user.held.forEach(user.credit::release));
        for (var user : users) {
            user.credit.settle();
            user.credit.close();
        }
        assertEquals(100, budget.free());
    }
}
