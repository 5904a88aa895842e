package io.coppice.port;

/// Chance: ids and jitter. Seeded in the simulator. Thread-safe.
public interface Entropy {
    /// 64 random bits, never 0.
    long nextLong();

    static Entropy system() {
        var random = new java.security.SecureRandom();
        return () -> {
            long value;
            do {
                value = random.nextLong();
            } while (value == 0);
            return value;
        };
    }
}
