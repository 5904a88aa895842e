/// Tests of [io.coppice.node.lane].
@NullMarked
package io.coppice.node.lane;

import org.jspecify.annotations.NullMarked;
