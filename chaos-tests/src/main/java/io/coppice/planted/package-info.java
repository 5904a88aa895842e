/// Bugs that are put into the production code on purpose, to see that they are found.
@NullMarked
package io.coppice.planted;

import org.jspecify.annotations.NullMarked;
