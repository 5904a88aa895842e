package io.coppice.metadata.core;

import io.coppice.model.AuditHash;

/// Something that somebody did, or was refused.
///
/// @param number from 1 on, without gaps
/// @param principal who; empty: the cluster itself
/// @param from where the request came from
/// @param action what, in one or two words
/// @param target of it, by name
/// @param refusal why it was refused; empty: it was done
/// @param hash of this entry and the one before: see [AuditHash]
public record AuditEntry(
        long number,
        long millis,
        String principal,
        String from,
        String action,
        String target,
        String detail,
        String refusal,
        String hash) {

    /// Of its texts.
    int chars() {
        return principal.length()
                + from.length()
                + action.length()
                + target.length()
                + detail.length()
                + refusal.length()
                + hash.length();
    }

    /// The entry that follows one with the hash `before`.
    static AuditEntry after(
            String before,
            long number,
            long millis,
            String principal,
            String from,
            String action,
            String target,
            String detail,
            String refusal) {
        return new AuditEntry(
                number,
                millis,
                principal,
                from,
                action,
                target,
                detail,
                refusal,
                AuditHash.of(
                        before, number, millis, principal, from, action, target, detail, refusal));
    }
}
