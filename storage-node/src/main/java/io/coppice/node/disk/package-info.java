/// The disk port on real files.
@NullMarked
package io.coppice.node.disk;

import org.jspecify.annotations.NullMarked;
