/// The bytes of NBD: the fixed newstyle handshake and the transmission phase, both ways.
///
/// Pure. It turns bytes into requests and answers into bytes, says which requests are wrong and
/// with which error, and knows nothing of sockets, devices, threads or time. Its caller is
/// `io.coppice.nbd`, on the event loop of a connection; nothing here is shared between connections
/// except constants.
///
/// Always true: a decoder never reads past the bytes it was given, never trusts a length before it
/// has compared it with a bound, and moves a buffer's reader index only when it has a whole
/// message.
///
/// Reading order: [Protocol] (the numbers), [ClientOption] and [OptionDecoder] (handshake in),
/// [OptionReplies] (handshake out), [Request] and [RequestRules] (transmission in), [ReplyEncoder]
/// and [StatusChunk] (transmission out).
@NullMarked
package io.coppice.nbd.frame;

import org.jspecify.annotations.NullMarked;
