/// The front door of the metadata quorum.
@NullMarked
package io.coppice.metadata.server;

import org.jspecify.annotations.NullMarked;
