package io.coppice.nbd;

/// Who a client is, as far as its connection has proved it.
///
/// @param name subject of the certificate or user of the pre-shared key; empty: nobody was asked
/// @param serial number of the certificate in hexadecimal; empty: there was none
record ClientIdentity(Proof proof, String name, String serial) {
    enum Proof {
        NONE,
        CERTIFICATE,
        PRE_SHARED_KEY
    }

    /// A client without TLS.
    static final ClientIdentity UNKNOWN = new ClientIdentity(Proof.NONE, "", "");

    static ClientIdentity certified(String name, String serial) {
        return new ClientIdentity(Proof.CERTIFICATE, name, serial);
    }

    static ClientIdentity ofKey(String user) {
        return new ClientIdentity(Proof.PRE_SHARED_KEY, user, "");
    }

    /// For the audit log; empty: nobody in particular.
    String onBehalf() {
        return proof == Proof.NONE ? "" : "NBD client " + this;
    }

    /// For logs.
    @Override
    public String toString() {
        return switch (proof) {
            case NONE -> "nobody in particular";
            case CERTIFICATE -> name + " (certificate " + serial + ")";
            case PRE_SHARED_KEY -> name + " (pre-shared key)";
        };
    }
}
