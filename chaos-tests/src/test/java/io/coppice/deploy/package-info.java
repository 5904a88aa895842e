/// What `deploy/` and the operator's handbook say, held against the servers: their configurations,
/// their metrics, their commands. Sees everything.
@NullMarked
package io.coppice.deploy;

import org.jspecify.annotations.NullMarked;
