/// The bytes on disk.
@NullMarked
package io.coppice.node.format;

import org.jspecify.annotations.NullMarked;
