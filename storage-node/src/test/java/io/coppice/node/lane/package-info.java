@NullMarked
package io.coppice.node.lane;

import org.jspecify.annotations.NullMarked;
