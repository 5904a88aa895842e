package io.coppice.chaos.net;

/// How packets from one host to another fare; one direction.
///
/// @param cut nothing arrives
/// @param delayNanos added to each
/// @param jitterNanos up to so much more, so that packets overtake one another
/// @param loss probability that one is lost
/// @param twice probability that one arrives twice
/// @param bytesPerSecond how fast they leave, one after the other; 0: at once
public record Link(
        boolean cut,
        long delayNanos,
        long jitterNanos,
        double loss,
        double twice,
        long bytesPerSecond) {
    public static final Link GOOD = new Link(false, 0, 0, 0, 0, 0);
    public static final Link CUT = new Link(true, 0, 0, 0, 0, 0);

    public Link {
        if (delayNanos < 0
                || jitterNanos < 0
                || loss < 0
                || loss > 1
                || twice < 0
                || twice > 1
                || bytesPerSecond < 0) {
            throw new IllegalArgumentException("no such link");
        }
    }

    public static Link slow(long delayNanos, long jitterNanos) {
        return new Link(false, delayNanos, jitterNanos, 0, 0, 0);
    }

    public static Link lossy(double loss, double twice) {
        return new Link(false, 0, 0, loss, twice, 0);
    }

    public static Link narrow(long bytesPerSecond) {
        return new Link(false, 0, 0, 0, 0, bytesPerSecond);
    }
}
