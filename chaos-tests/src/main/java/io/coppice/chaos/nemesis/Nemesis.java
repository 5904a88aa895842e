package io.coppice.chaos.nemesis;

import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;

/// A kind of fault.
///
/// @param name on the command line
/// @param about one line for people
/// @param load what it takes of what the cluster can bear at once
/// @param lasts how long, at most, until it is mended
/// @param strike breaks something
public record Nemesis(String name, String about, Load load, Duration lasts, Strike strike) {
    /// How much a fault takes.
    public enum Load {
        /// Any number may go on at once.
        LIGHT,
        /// Replicas or votes: one at a time, and only when the cluster has got over the one before.
        HEAVY
    }

    /// Breaks something, somewhere.
    @FunctionalInterface
    public interface Strike {
        Blow at(Arena arena, SplittableRandom random) throws IOException;
    }

    /// Makes good what was broken.
    @FunctionalInterface
    public interface Mending {
        void mend() throws IOException;
    }

    /// What was done.
    ///
    /// @param what one line, with the names of those it struck
    public record Blow(String what, Mending mending) {}
}
