/// The node's door on the data plane: who are you, is this a frame we serve, which lane is it for?
/// What a frame says beyond that is checked on its lane. With one store there is one event loop,
/// which is also the lane: nothing hops.
@NullMarked
package io.coppice.node.ingress;

import org.jspecify.annotations.NullMarked;
