/// Tests of the pure write path.
@NullMarked
package io.coppice.client.plan;

import org.jspecify.annotations.NullMarked;
