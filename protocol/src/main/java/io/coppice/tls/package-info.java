/// Who somebody is: certificates of the cluster's own authority, the keys of this process, and whom
/// it believes. Plain JDK types come out, so that every transport (the data plane's Netty, gRPC,
/// Ratis, NBD) makes its own context of them and all follow the same rules.
///
/// A *credentials directory* holds `ca.crt`, `tls.crt` and `tls.key` in PEM, the names that
/// Kubernetes gives them. It is read again when its files change: the next handshake uses them.
/// Thread-safe; files are read on the thread of a handshake, at most once a second.
@NullMarked
package io.coppice.tls;

import org.jspecify.annotations.NullMarked;
