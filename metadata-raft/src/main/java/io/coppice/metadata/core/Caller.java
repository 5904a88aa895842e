package io.coppice.metadata.core;

/// Who asks, and from where.
///
/// @param name what a certificate of the cluster says; where nobody is authenticated, what a client
///   says of itself; empty: the leader itself
/// @param proven a principal's certificate says the name: then it may do what the state gives to
///   that name, and nothing else. Not so of a server of the cluster, and where nobody is
///   authenticated: then no rights are checked
public record Caller(String name, String address, boolean proven) {
    /// The leader, for itself.
    public static final Caller LEADER = said("");

    /// Who says of itself that it is `NAME@ADDRESS`; the address may be missing.
    public static Caller said(String text) {
        return of(text, false);
    }

    /// From what [#toString] gave.
    public static Caller of(String text, boolean proven) {
        int at = text.lastIndexOf('@');
        return at < 0
                ? new Caller(text, "", proven)
                : new Caller(text.substring(0, at), text.substring(at + 1), proven);
    }

    @Override
    public String toString() {
        return address.isEmpty() && !name.contains("@") ? name : name + "@" + address;
    }
}
