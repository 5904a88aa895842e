/// The network between the hosts of a chaos run: a switch in this process, which decides about each
/// packet.
@NullMarked
package io.coppice.chaos.net;

import org.jspecify.annotations.NullMarked;
