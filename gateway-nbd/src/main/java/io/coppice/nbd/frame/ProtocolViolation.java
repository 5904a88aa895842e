package io.coppice.nbd.frame;

/// A client broke the protocol so that its next bytes have no meaning: drop the connection. The
/// message says what was wrong, in one line.
public final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1L;

    public ProtocolViolation(String what) {
        // Hostile clients cause these at will: no stack trace, nothing suppressed.
        super(what, null, false, false);
    }
}
