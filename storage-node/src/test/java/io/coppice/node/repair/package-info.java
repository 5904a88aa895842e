/// Tests of [io.coppice.node.repair].
@NullMarked
package io.coppice.node.repair;

import org.jspecify.annotations.NullMarked;
