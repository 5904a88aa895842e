/// The NBD front door: sockets on one side, exported devices on the other.
///
/// [NbdGateway] is the way in. Behind it, in the order in which a connection meets them:
/// `HandshakeHandler` settles export and reply style; `TlsGate` puts TLS under the connection when
/// the client asks for it, and says who the client is; `OpenExports` opens each export once,
/// however many connections use it, and closes it a moment after the last one left;
/// `TransmissionHandler` parses requests in order, sends them to the `ExportDevice`, and lets the
/// answers leave in whatever order they come.
///
/// Threads: a connection moves to the event loop of its device when the handshake ends, so a
/// request goes from the client's socket to the storage nodes and back without changing threads.
/// Everything of a connection is touched on that loop only.
///
/// Always true: payloads are not copied on the way unless TLS opens and seals them (a large write
/// is received into the buffer that the device gets; a small one is a slice of the receive buffer);
/// what a connection holds is bounded by its `Credit`, and at the bound the gateway stops reading
/// that socket; a client can make the gateway drop its own connection, never another's.
@NullMarked
package io.coppice.nbd;

import org.jspecify.annotations.NullMarked;
