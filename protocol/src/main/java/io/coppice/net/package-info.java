/// The network: event loops, framed connections of the data plane, requests multiplexed to a peer,
/// and the HTTP port with metrics and health. Shells use it; pure rooms never see it.
///
/// A connection belongs to one event loop. All its callbacks run there, and what is called from
/// there runs inline. Writes are flushed once per turn of the loop, so that many frames leave in
/// one system call.
@NullMarked
package io.coppice.net;

import org.jspecify.annotations.NullMarked;
