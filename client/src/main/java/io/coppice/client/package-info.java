/// A block device as a library: open a volume by name, read and write bytes.
///
/// [CoppiceClient] keeps one session with the metadata quorum, one event loop and one connection to
/// each storage node it needs; share it. [BlockDevice] is one open volume or snapshot.
///
/// Everything happens on the client's event loop: calls made there run at once, calls from other
/// threads hop over. The decisions are in `io.coppice.client.plan`; here are the sockets, buffers,
/// timers and retries. Every operation ends: with success, or within its deadline with a
/// [DeviceException] of one clear line.
@NullMarked
package io.coppice.client;

import org.jspecify.annotations.NullMarked;
